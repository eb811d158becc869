with

rules as (
    {{ segment_rules('negative_margin', ['minimum_order_count', 'cm2_365d_below_amount']) }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

final as (
    select
        customers.customer_id,
        'costs_more_than_she_brings' as reason,
        customers.last_ordered_at as entered_at
    from customers
    cross join rules
    where
        customers.order_count >= rules.minimum_order_count
        and customers.cm2_365d_amount < rules.cm2_365d_below_amount
)

select * from final
