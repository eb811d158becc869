{# Depth is the discount's share of all she would have paid, so that a large order weighs more. #}

with

rules as (
    {{ segment_rules('discount_addict', [
        'minimum_order_count', 'minimum_discounted_ratio', 'minimum_discount_share_ratio',
        'maximum_full_price_order_count',
    ]) }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

vips as (
    select customer_id from {{ ref('audience_vip') }}
),

final as (
    select
        customers.customer_id,
        'buys_at_a_discount_only' as reason,
        customers.last_ordered_at as entered_at
    from customers
    cross join rules
    left join vips
        on customers.customer_id = vips.customer_id
    where
        vips.customer_id is null
        and customers.order_count >= rules.minimum_order_count
        and customers.discounted_order_count
        >= rules.minimum_discounted_ratio * customers.order_count
        and customers.discount_share_ratio >= rules.minimum_discount_share_ratio
        and customers.order_count - customers.discounted_order_count
        <= rules.maximum_full_price_order_count
)

select * from final
