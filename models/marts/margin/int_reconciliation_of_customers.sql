{{ config(access='private') }}

{# Products and customers with the spend that was allocated to their orders. Customers have no day;
   they stand on the newest order date. #}

with

fct_sku_margin_daily as (
    select * from {{ ref('fct_sku_margin_daily') }}
),

fct_customer_margin as (
    select * from {{ ref('fct_customer_margin') }}
),

counted_orders as (
    select
        *,
        max(order_date) over () as newest_date
    from {{ ref('fct_order_margin') }}
    where order_scope in ('dtc', 'replacement')
),

newest_dates as (
    select max(newest_date) as newest_date
    from counted_orders
),

sides as (
    select
        'products_to_orders' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'left' as side,
        cm3_amount as amount,
        order_date as reconciled_date
    from fct_sku_margin_daily
    union all
    select
        'products_to_orders' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'right' as side,
        cm3_amount as amount,
        order_date as reconciled_date
    from counted_orders
    union all
    select
        'customers_to_orders' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'left' as side,
        fct_customer_margin.cm3_amount as amount,
        newest_dates.newest_date as reconciled_date
    from fct_customer_margin
    cross join newest_dates
    union all
    select
        'customers_to_orders' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'right' as side,
        cm3_amount as amount,
        newest_date as reconciled_date
    from counted_orders
    where customer_id is not null
),

final as (
    select
        check_name,
        currency,
        side,
        cast(sum(amount) as decimal(28, 4)) as amount,
        reconciled_date
    from sides
    group by check_name, currency, side, reconciled_date
)

select * from final
