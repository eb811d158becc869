{{ config(access='private') }}

{# All that a customer brought in CM2, cohort clock: purchases, orders that came back whole, what
   cancelled and replacement orders cost, and refunds without an order. Nothing is floored: who
   costs more than she brings stays in every mean. #}

with

as_of as (
    select
        as_of_at,
        {{ shop_date('as_of_at') }} as as_of_date
    from {{ ref('int_as_of') }}
),

orders as (
    select
        customer_id,
        cm2_amount,
        cm2_expected_amount,
        order_date,
        ordered_at
    from {{ ref('fct_order_margin') }}
    where customer_id is not null and order_scope in ('dtc', 'replacement')
),

unmatched_refunds as (
    select
        customer_id,
        cm2_amount,
        refund_date,
        refunded_at
    from {{ ref('int_unmatched_refunds') }}
    where customer_id is not null
),

entries as (
    select
        customer_id,
        cm2_amount,
        {# A young order whose returns nobody can foresee stands as it is. #}
        coalesce(cm2_expected_amount, cm2_amount) as cm2_expected_amount,
        order_date as entry_date,
        ordered_at as entered_at
    from orders
    union all
    select
        customer_id,
        cm2_amount,
        cm2_amount as cm2_expected_amount,
        refund_date as entry_date,
        refunded_at as entered_at
    from unmatched_refunds
),

final as (
    select
        entries.customer_id,
        cast(sum(entries.cm2_amount) as decimal(18, 4)) as cm2_amount,
        cast(sum(entries.cm2_expected_amount) as decimal(18, 4)) as cm2_expected_amount,
        entries.entry_date
    from entries
    inner join as_of
        on entries.entered_at <= as_of.as_of_at
    group by entries.customer_id, entries.entry_date
)

select * from final
