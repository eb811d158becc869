with

rules as (
    select
        max(case when rule_key = 'minimum_order_count' then rule_value end) as minimum_order_count,
        max(case when rule_key = 'minimum_overdue_ratio' then rule_value end)
            as minimum_overdue_ratio,
        max(case when rule_key = 'maximum_overdue_ratio' then rule_value end)
            as maximum_overdue_ratio,
        max(case when rule_key = 'quiet_days_after_order' then rule_value end) as quiet_days
    from {{ ref('audience_rules') }}
    where audience = 'at_risk'
),

customers as (
    select * from {{ ref('dim_customers') }}
),

met as (
    select
        customers.customer_id,
        customers.last_ordered_at,
        cast(ceil(customers.median_order_gap_days * rules.minimum_overdue_ratio) as integer)
            as overdue_after_days
    from customers
    cross join rules
    where
        customers.order_count >= rules.minimum_order_count
        and customers.overdue_ratio >= rules.minimum_overdue_ratio
        and customers.overdue_ratio <= rules.maximum_overdue_ratio
        and customers.days_since_last_order > rules.quiet_days
),

final as (
    select
        customer_id,
        'overdue_for_next_order' as reason,
        {{ dbt.dateadd('day', 'overdue_after_days', 'last_ordered_at') }} as entered_at
    from met
)

select * from final
