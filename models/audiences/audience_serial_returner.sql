with

rules as (
    {{ segment_rules('serial_returner', ['minimum_order_count', 'minimum_return_ratio']) }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

final as (
    select
        customers.customer_id,
        'returns_most_of_it' as reason,
        customers.last_ordered_at as entered_at
    from customers
    cross join rules
    where
        customers.order_count >= rules.minimum_order_count
        and customers.return_ratio >= rules.minimum_return_ratio
)

select * from final
