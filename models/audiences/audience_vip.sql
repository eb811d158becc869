with

rules as (
    select
        max(case when rule_key = 'cm2_365d_percentile' then rule_value end) as cm2_percentile,
        max(case when rule_key = 'minimum_order_count_365d' then rule_value end)
            as minimum_order_count,
        max(case when rule_key = 'return_ratio_below' then rule_value end) as return_ratio_below
    from {{ ref('audience_rules') }}
    where audience = 'vip'
),

customers as (
    select * from {{ ref('dim_customers') }}
    where order_count_365d > 0
),

{# percent_rank leaves equal values together, so a tie is in or out as one. #}
ranked as (
    select
        customer_id,
        order_count_365d,
        return_ratio,
        last_ordered_at,
        percent_rank() over (order by cm2_365d_amount) as cm2_rank
    from customers
),

final as (
    select
        ranked.customer_id,
        'cm2_365d_at_or_above_percentile' as reason,
        ranked.last_ordered_at as entered_at
    from ranked
    cross join rules
    where
        ranked.cm2_rank >= rules.cm2_percentile
        and ranked.order_count_365d >= rules.minimum_order_count
        and ranked.return_ratio < rules.return_ratio_below
)

select * from final
