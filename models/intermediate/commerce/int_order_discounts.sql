{# What each line gave away, as the shop shows it. The shop's own allocations decide. An order
   without any (an export) has its lines' own discounts, and the rest of the order's discount, its
   shipping discount apart, is split by what the lines would have cost. #}

with

orders as (
    select
        source_relation,
        shopify_order_id,
        currency,
        minor_unit_digits,
        discount_shop_amount
    from {{ ref('int_orders') }}
),

order_lines as (
    select
        source_relation,
        shopify_order_id,
        shopify_order_line_id,
        quantity,
        unit_price_amount,
        coalesce(line_discount_amount, 0) as own_discount_amount
    from {{ ref('stg_shopify__order_lines') }}
),

discount_allocations as (
    select
        source_relation,
        shopify_order_line_id,
        sum(discount_amount) as discount_amount
    from {{ ref('stg_shopify__discount_allocations') }}
    group by source_relation, shopify_order_line_id
),

shipping_discounts as (
    select
        source_relation,
        shopify_order_id,
        sum(shipping_amount - coalesce(discounted_shipping_amount, shipping_amount))
            as discount_amount
    from {{ ref('stg_shopify__order_shipping_lines') }}
    group by source_relation, shopify_order_id
),

lines as (
    select
        order_lines.source_relation,
        order_lines.shopify_order_id,
        order_lines.shopify_order_line_id,
        order_lines.quantity,
        order_lines.own_discount_amount,
        order_lines.quantity * order_lines.unit_price_amount as list_amount,
        discount_allocations.discount_amount as allocated_by_shop_amount
    from order_lines
    left join discount_allocations
        on order_lines.source_relation = discount_allocations.source_relation
        and order_lines.shopify_order_line_id = discount_allocations.shopify_order_line_id
),

order_discounts as (
    select
        lines.source_relation,
        lines.shopify_order_id,
        orders.minor_unit_digits,
        coalesce(max(orders.discount_shop_amount), 0)
        - coalesce(max(shipping_discounts.discount_amount), 0)
        - sum(lines.own_discount_amount) as unallocated_amount
    from lines
    inner join orders
        on lines.source_relation = orders.source_relation
        and lines.shopify_order_id = orders.shopify_order_id
    left join shipping_discounts
        on lines.source_relation = shipping_discounts.source_relation
        and lines.shopify_order_id = shipping_discounts.shopify_order_id
    group by lines.source_relation, lines.shopify_order_id, orders.minor_unit_digits
    having count(lines.allocated_by_shop_amount) = 0
),

unallocated_lines as (
    select
        lines.source_relation,
        lines.shopify_order_id,
        lines.shopify_order_line_id,
        lines.own_discount_amount,
        lines.list_amount,
        lines.quantity,
        order_discounts.minor_unit_digits,
        case
            when order_discounts.unallocated_amount > 0 then order_discounts.unallocated_amount
            else 0
        end as unallocated_amount
    from lines
    inner join order_discounts
        on lines.source_relation = order_discounts.source_relation
        and lines.shopify_order_id = order_discounts.shopify_order_id
    where order_discounts.unallocated_amount > 0 or lines.own_discount_amount > 0
),

split_lines as (
    {{ allocate(
        relation='unallocated_lines',
        parent=['source_relation', 'shopify_order_id'],
        child='shopify_order_line_id',
        weight='cast(greatest(list_amount, 0) * 10000 as bigint)',
        fallback='greatest(quantity, 0)',
        totals={'unallocated_amount': 'minor_unit_digits'},
        keep=['own_discount_amount']
    ) }}
),

final as (
    select
        source_relation,
        shopify_order_line_id,
        allocated_by_shop_amount as discount_shop_amount
    from lines
    where allocated_by_shop_amount is not null
    union all
    select
        source_relation,
        shopify_order_line_id,
        own_discount_amount + allocated_unallocated_amount as discount_shop_amount
    from split_lines
)

select * from final
