with

rules as (
    select
        max(case when rule_key = 'lifetime_value_percentile' then rule_value end)
            as lifetime_value_percentile,
        max(case when rule_key = 'acquired_within_days' then rule_value end)
            as acquired_within_days,
        max(case when rule_key = 'maximum_return_ratio' then rule_value end)
            as maximum_return_ratio,
        max(case when rule_key = 'discount_addict_minimum_order_count' then rule_value end)
            as addict_order_count,
        max(case when rule_key = 'discount_addict_minimum_discount_share_ratio' then rule_value end)
            as addict_discount_share_ratio
    from {{ ref('audience_rules') }}
    where audience = 'high_value_seed'
),

customers as (
    select * from {{ ref('dim_customers') }}
    where order_count > 0
),

lifetime_values as (
    select
        customer_id,
        lifetime_value_amount
    from {{ ref('fct_customer_lifetime_value') }}
    where lifetime_value_amount is not null
),

recent as (
    select
        customers.*,
        lifetime_values.lifetime_value_amount,
        {{ dbt.datediff('customers.first_ordered_at', 'customers.as_of_at', 'day') }}
            as days_since_first_order
    from customers
    inner join lifetime_values
        on customers.customer_id = lifetime_values.customer_id
),

{# Ranked among customers acquired in the same span: older ones were foretold from more. #}
ranked as (
    select
        recent.*,
        rules.lifetime_value_percentile,
        rules.maximum_return_ratio,
        rules.addict_order_count,
        rules.addict_discount_share_ratio,
        percent_rank() over (order by recent.lifetime_value_amount) as lifetime_value_rank
    from recent
    cross join rules
    where recent.days_since_first_order <= rules.acquired_within_days
),

final as (
    select
        customer_id,
        'lifetime_value_at_or_above_percentile' as reason,
        last_ordered_at as entered_at
    from ranked
    where
        lifetime_value_rank >= lifetime_value_percentile
        and cm2_amount > 0
        and coalesce(return_ratio, 0) <= maximum_return_ratio
        and not (
            order_count >= addict_order_count
            and discounted_order_count = order_count
            and coalesce(discount_share_ratio, 0) >= addict_discount_share_ratio
        )
)

select * from final
