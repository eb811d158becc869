{{ config(access='private') }}

{# Margin against commerce, lines against orders, and the event clock against the cohort clock:
   per order date, and over the whole life of the shop on the day of its newest event. Refunds that
   name no order are in margin as in commerce, and in both clocks, beside the orders. #}

with

orders_with_lines as (
    select order_id
    from {{ ref('int_order_lines') }}
    group by order_id
),

commerce_orders as (
    select fct_orders.*
    from {{ ref('fct_orders') }} as fct_orders
    inner join orders_with_lines
        on fct_orders.order_id = orders_with_lines.order_id
),

fct_order_margin as (
    select * from {{ ref('fct_order_margin') }}
),

unmatched_refunds as (
    select * from {{ ref('int_unmatched_refunds') }}
),

fct_refunds as (
    select * from {{ ref('fct_refunds') }}
    where order_id is null and refund_kind <> 'shipping'
),

fct_order_line_margin as (
    select * from {{ ref('fct_order_line_margin') }}
),

cost_totals as (
    select
        cost_type,
        order_id is null as is_without_order,
        event_date,
        cohort_date,
        sum(amount) as amount
    from {{ ref('int_cost_lines') }}
    group by cost_type, order_id is null, event_date, cohort_date
),

newest_dates as (
    select max(event_date) as newest_date
    from cost_totals
),

sides as (
    select
        'net_sales_to_commerce' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'left' as side,
        net_sales_amount as amount,
        order_date as reconciled_date
    from fct_order_margin
    union all
    select
        'net_sales_to_commerce' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'right' as side,
        net_sales_amount as amount,
        order_date as reconciled_date
    from commerce_orders
    union all
    select
        'net_sales_to_commerce' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'left' as side,
        amount,
        cohort_date as reconciled_date
    from cost_totals
    where is_without_order and cost_type = 'merchandise_refund'
    union all
    select
        'net_sales_to_commerce' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'right' as side,
        -refund_amount as amount,
        refund_date as reconciled_date
    from fct_refunds
    union all
    select
        'shipping_to_commerce' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'left' as side,
        shipping_charged_amount as amount,
        order_date as reconciled_date
    from fct_order_margin
    union all
    select
        'shipping_to_commerce' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'right' as side,
        shipping_charged_amount as amount,
        order_date as reconciled_date
    from commerce_orders
    union all
    select
        'lines_to_orders' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'left' as side,
        cm3_amount as amount,
        order_date as reconciled_date
    from fct_order_line_margin
    union all
    select
        'lines_to_orders' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'right' as side,
        cm3_amount as amount,
        order_date as reconciled_date
    from fct_order_margin
    union all
    select
        'events_to_cohorts' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'left' as side,
        amount,
        cohort_date as reconciled_date
    from cost_totals
    union all
    select
        'events_to_cohorts' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'right' as side,
        cm2_amount as amount,
        order_date as reconciled_date
    from fct_order_margin
    union all
    select
        'events_to_cohorts' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'right' as side,
        cm2_amount as amount,
        refund_date as reconciled_date
    from unmatched_refunds
    union all
    select
        'lifetime_events_to_cohorts' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'left' as side,
        cost_totals.amount,
        newest_dates.newest_date as reconciled_date
    from cost_totals
    cross join newest_dates
    where cost_totals.event_date is not null
    union all
    select
        'lifetime_events_to_cohorts' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'right' as side,
        fct_order_margin.cm2_amount as amount,
        newest_dates.newest_date as reconciled_date
    from fct_order_margin
    cross join newest_dates
    union all
    select
        'lifetime_events_to_cohorts' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'right' as side,
        unmatched_refunds.cm2_amount as amount,
        newest_dates.newest_date as reconciled_date
    from unmatched_refunds
    cross join newest_dates
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
