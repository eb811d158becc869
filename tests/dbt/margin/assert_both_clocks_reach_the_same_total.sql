-- Each event on its own date, or all of them on the order date: per shop the sum is the same, at
-- 0.00, and no cost line is without either date.
with

daily as (
    select
        order_id,
        event_date,
        sum(amount) as amount
    from {{ ref('int_cost_lines') }}
    where event_date is not null and order_id is not null
    group by order_id, event_date
),

event_totals as (
    select
        orders.source_relation,
        sum(daily.amount) as amount
    from daily
    inner join {{ ref('fct_orders') }} as orders
        on daily.order_id = orders.order_id
    group by orders.source_relation
),

cohort_totals as (
    select
        source_relation,
        sum(cm2_amount) as amount
    from {{ ref('fct_order_margin') }}
    where order_date is not null
    group by source_relation
)

select
    cohort_totals.source_relation,
    cohort_totals.amount as cohort_amount,
    event_totals.amount as event_amount
from cohort_totals
left join event_totals
    on cohort_totals.source_relation = event_totals.source_relation
where cohort_totals.amount <> coalesce(event_totals.amount, 0)
