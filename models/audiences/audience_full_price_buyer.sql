with

rules as (
    {{ segment_rules('full_price_buyer', [
        'average_order_value_percentile', 'maximum_discount_share_ratio',
    ]) }}
),

customers as (
    select * from {{ ref('dim_customers') }}
    where order_count > 0
),

ranked as (
    select
        customer_id,
        discount_share_ratio,
        last_ordered_at,
        percent_rank() over (order by average_order_value_amount) as average_order_value_rank
    from customers
),

final as (
    select
        ranked.customer_id,
        'large_baskets_at_full_price' as reason,
        ranked.last_ordered_at as entered_at
    from ranked
    cross join rules
    where
        ranked.average_order_value_rank >= rules.average_order_value_percentile
        and ranked.discount_share_ratio <= rules.maximum_discount_share_ratio
)

select * from final
