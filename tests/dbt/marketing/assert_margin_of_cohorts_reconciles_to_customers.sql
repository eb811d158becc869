{{ config(group='marketing') }}

-- What cohorts are made of is the customers' CM2, to the cent, as of now; and every customer who
-- has bought is in one cohort of each kind.
with

entries as (
    select
        customer_id,
        sum(cm2_amount) as cm2_amount
    from {{ ref('int_margin_entries') }}
    group by customer_id
),

customers as (
    select
        customer_id,
        cm2_amount
    from {{ ref('fct_customer_margin') }}
),

members as (
    select
        customer_id,
        count(*) as cohort_count
    from {{ ref('int_cohort_members') }}
    group by customer_id
),

histories as (
    select customer_id
    from {{ ref('fct_purchase_histories') }}
    where history_window = 'whole'
)

select
    coalesce(entries.customer_id, customers.customer_id) as customer_id,
    'margin' as what
from entries
full outer join customers
    on entries.customer_id = customers.customer_id
where coalesce(entries.cm2_amount, 0) <> coalesce(customers.cm2_amount, 0)
union all
select
    histories.customer_id,
    'cohort' as what
from histories
left join members
    on histories.customer_id = members.customer_id
where coalesce(members.cohort_count, 0) <> 5
