{{ config(access='private') }}

{# Products and customers with the spend that was allocated to their orders, and with the refunds
   that name no order. Customers have no day; they stand on the newest date. #}

with

fct_sku_margin_daily as (
    select * from {{ ref('fct_sku_margin_daily') }}
),

fct_customer_margin as (
    select * from {{ ref('fct_customer_margin') }}
),

counted as (
    select
        customer_id,
        cm3_amount,
        order_date as counted_date
    from {{ ref('fct_order_margin') }}
    where order_scope in ('dtc', 'replacement')
    union all
    select
        customer_id,
        cm2_amount as cm3_amount,
        refund_date as counted_date
    from {{ ref('int_unmatched_refunds') }}
),

newest_dates as (
    select max(counted_date) as newest_date
    from counted
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
        counted_date as reconciled_date
    from counted
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
        counted.cm3_amount as amount,
        newest_dates.newest_date as reconciled_date
    from counted
    cross join newest_dates
    where counted.customer_id is not null
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
