with

rules as (
    {{ segment_rules('at_risk', [
        'minimum_order_count', 'minimum_overdue_ratio', 'maximum_overdue_ratio',
        'minimum_alive_ratio', 'maximum_alive_ratio',
    ]) }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

{# Of those who bought once a curve says how probable it is that they are lost, not the model. #}
chances as (
    select
        customer_id,
        1 - churn_ratio as alive_ratio
    from {{ ref('fct_customer_lifetime_value') }}
),

recent_purchasers as (
    select customer_id from {{ ref('audience_recent_purchaser') }}
),

met as (
    select
        customers.customer_id,
        customers.last_ordered_at,
        cast(ceil(customers.median_order_gap_days * rules.minimum_overdue_ratio) as integer)
            as overdue_after_days
    from customers
    cross join rules
    inner join chances
        on customers.customer_id = chances.customer_id
    left join recent_purchasers
        on customers.customer_id = recent_purchasers.customer_id
    where
        recent_purchasers.customer_id is null
        and customers.order_count >= rules.minimum_order_count
        and customers.overdue_ratio >= rules.minimum_overdue_ratio
        and customers.overdue_ratio <= rules.maximum_overdue_ratio
        and chances.alive_ratio >= rules.minimum_alive_ratio
        and chances.alive_ratio <= rules.maximum_alive_ratio
),

final as (
    select
        customer_id,
        'overdue_for_next_order' as reason,
        {{ dbt.dateadd('day', 'overdue_after_days', 'last_ordered_at') }} as entered_at
    from met
)

select * from final
