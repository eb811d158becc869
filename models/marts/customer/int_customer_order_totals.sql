{{ config(materialized='ephemeral', access='private') }}

{# From how many gaps on her own rhythm says more than everybody's. #}
{%- set own_gap_minimum = 3 %}

{# Orders count in scope dtc and not cancelled; margin also carries what cancelled and
   replacement orders cost. Refunds without an order lower sales and margin, on their own time. #}

with

as_of as (
    select
        as_of_at,
        {{ dbt.dateadd('day', -365, 'as_of_at') }} as year_start_at,
        {{ dbt.dateadd('day', -90, 'as_of_at') }} as quarter_start_at
    from {{ ref('int_as_of') }}
),

order_margins as (
    select
        order_id,
        cm1_amount,
        cm2_amount
    from {{ ref('fct_order_margin') }}
),

orders as (
    select
        fct_orders.customer_id,
        fct_orders.ordered_at,
        fct_orders.gross_merchandise_sales_amount,
        fct_orders.discount_amount,
        fct_orders.net_merchandise_sales_amount,
        fct_orders.net_sales_amount,
        order_margins.cm1_amount,
        order_margins.cm2_amount,
        fct_orders.order_scope = 'dtc' and not fct_orders.is_cancelled as is_counted,
        fct_orders.ordered_at > as_of.year_start_at as is_in_last_year,
        fct_orders.ordered_at > as_of.quarter_start_at as is_in_last_quarter
    from {{ ref('fct_orders') }} as fct_orders
    cross join as_of
    left join order_margins
        on fct_orders.order_id = order_margins.order_id
    where
        fct_orders.customer_id is not null
        and fct_orders.order_scope in ('dtc', 'replacement')
        and fct_orders.ordered_at <= as_of.as_of_at
),

unmatched_refunds as (
    select
        refunds.customer_id,
        refunds.refund_amount,
        refunds.cm1_amount,
        refunds.cm2_amount,
        refunds.refunded_at > as_of.year_start_at as is_in_last_year,
        refunds.refunded_at > as_of.quarter_start_at as is_in_last_quarter
    from {{ ref('int_unmatched_refunds') }} as refunds
    cross join as_of
    where refunds.customer_id is not null and refunds.refunded_at <= as_of.as_of_at
),

margin_entries as (
    select
        customer_id,
        cm1_amount,
        cm2_amount,
        is_in_last_year,
        is_in_last_quarter
    from orders
    union all
    select
        customer_id,
        cm1_amount,
        cm2_amount,
        is_in_last_year,
        is_in_last_quarter
    from unmatched_refunds
),

margins as (
    select
        customer_id,
        sum(cm1_amount) as cm1_amount,
        sum(cm2_amount) as cm2_amount,
        sum(case when is_in_last_year then cm2_amount else 0 end) as cm2_365d_amount,
        sum(case when is_in_last_quarter then cm2_amount else 0 end) as cm2_90d_amount
    from margin_entries
    group by customer_id
),

refunds as (
    select
        customer_id,
        sum(refund_amount) as refund_amount,
        sum(case when is_in_last_year then refund_amount else 0 end) as refund_365d_amount
    from unmatched_refunds
    group by customer_id
),

totals as (
    select
        customer_id,
        count(*) as order_count,
        sum(case when is_in_last_year then 1 else 0 end) as order_count_365d,
        sum(case when discount_amount > 0 then 1 else 0 end) as discounted_order_count,
        sum(gross_merchandise_sales_amount) as gross_merchandise_sales_amount,
        sum(discount_amount) as discount_amount,
        sum(net_merchandise_sales_amount) as net_merchandise_sales_amount,
        sum(net_sales_amount) as net_sales_amount,
        sum(case when is_in_last_year then net_sales_amount else 0 end) as net_sales_365d_amount,
        min(ordered_at) as first_ordered_at,
        max(ordered_at) as last_ordered_at
    from orders
    where is_counted
    group by customer_id
),

{# Two orders of one day are one purchase; a gap of nought would make everybody overdue. #}
order_days as (
    select
        customer_id,
        cast(ordered_at as date) as ordered_on
    from orders
    where is_counted
    group by customer_id, cast(ordered_at as date)
),

previous_days as (
    select
        customer_id,
        ordered_on,
        lag(ordered_on) over (partition by customer_id order by ordered_on) as previous_on
    from order_days
),

gaps as (
    select
        customer_id,
        {{ dbt.datediff('previous_on', 'ordered_on', 'day') }}
            as gap_days
    from previous_days
    where previous_on is not null
),

own_gaps as (
    select
        customer_id,
        count(*) as gap_count,
        {{ median('gap_days') }} as gap_days
    from gaps
    group by customer_id
),

population_gaps as (
    select {{ median('gap_days') }} as gap_days
    from gaps
),

final as (
    select
        margins.*,
        totals.order_count,
        totals.order_count_365d,
        totals.discounted_order_count,
        totals.gross_merchandise_sales_amount,
        totals.discount_amount,
        totals.net_merchandise_sales_amount,
        case
            when refunds.customer_id is null then totals.net_sales_amount
            else coalesce(totals.net_sales_amount, 0) - refunds.refund_amount
        end as net_sales_amount,
        case
            when refunds.customer_id is null then totals.net_sales_365d_amount
            else coalesce(totals.net_sales_365d_amount, 0) - refunds.refund_365d_amount
        end as net_sales_365d_amount,
        totals.first_ordered_at,
        totals.last_ordered_at,
        cast(
            case
                when own_gaps.gap_count >= {{ own_gap_minimum }} then own_gaps.gap_days
                else population_gaps.gap_days
            end as decimal(18, 4)
        ) as median_order_gap_days
    from margins
    cross join population_gaps
    left join totals
        on margins.customer_id = totals.customer_id
    left join refunds
        on margins.customer_id = refunds.customer_id
    left join own_gaps
        on margins.customer_id = own_gaps.customer_id
)

select * from final
