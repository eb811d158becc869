with

rules as (
    select max(rule_value) as minimum_order_count
    from {{ ref('audience_rules') }}
    where audience = 'existing_customer' and rule_key = 'minimum_order_count'
),

customers as (
    select * from {{ ref('dim_customers') }}
),

final as (
    select
        customers.customer_id,
        'has_ordered' as reason,
        customers.first_ordered_at as entered_at
    from customers
    cross join rules
    where customers.order_count >= rules.minimum_order_count
)

select * from final
