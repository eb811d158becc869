{{ config(access='private') }}

{# What is odd about refunds. Each counts in full, whatever its line was sold for; without its order
   it counts for its product and customer, in no order. #}

with

orders as (
    select
        orders.order_id,
        changes.updated_at
    from {{ ref('int_orders') }} as orders
    inner join {{ ref('stg_shopify__orders') }} as changes
        on orders.source_relation = changes.source_relation
        and orders.shopify_order_id = changes.shopify_order_id
),

order_lines as (
    select
        order_line_id,
        order_id,
        quantity,
        cast(
            net_merchandise_sales_shop_amount + gift_card_sales_shop_amount as decimal(18, 4)
        ) as sold_shop_amount,
        cast(net_merchandise_sales_amount + gift_card_sales_amount as decimal(18, 4))
            as sold_amount
    from {{ ref('int_order_lines') }}
    where quantity >= 0
),

refund_lines as (
    select * from {{ ref('int_refund_lines') }}
),

line_refunds as (
    select
        order_line_id,
        sum(refund_shop_amount) as refund_shop_amount,
        sum(refund_amount) as refund_amount,
        sum(quantity) as quantity,
        max(refund_date) as refund_date
    from refund_lines
    where order_line_id is not null
    group by order_line_id
),

order_refunds as (
    select
        order_id,
        sum(refund_amount) as refund_amount,
        max(refunded_at) as refunded_at
    from refund_lines
    where order_id is not null
    group by order_id
),

refunded_lines as (
    select
        order_lines.order_id,
        order_lines.order_line_id,
        'order_line:' || order_lines.order_line_id as source_row,
        line_refunds.refund_amount - order_lines.sold_amount as excess_amount,
        line_refunds.refund_shop_amount > order_lines.sold_shop_amount as is_above_amount,
        line_refunds.quantity > order_lines.quantity as is_above_quantity,
        line_refunds.refund_date
    from order_lines
    inner join line_refunds
        on order_lines.order_line_id = line_refunds.order_line_id
),

findings as (
    select
        'refund_above_line' as finding,
        order_id,
        order_line_id,
        source_row,
        excess_amount as amount,
        'More was refunded than the line was sold for. The refund counts in full.' as reason,
        refund_date as found_date
    from refunded_lines
    where is_above_amount
    union all
    select
        'returned_above_line' as finding,
        order_id,
        order_line_id,
        source_row,
        null as amount,
        'More units were refunded than the line has. All of them count.' as reason,
        refund_date as found_date
    from refunded_lines
    where is_above_quantity
    union all
    select
        'edited_after_refund' as finding,
        orders.order_id,
        null as order_line_id,
        'order:' || orders.order_id as source_row,
        order_refunds.refund_amount as amount,
        'The order changed after its last refund, perhaps in its lines. These count as they are'
        || ' now, the refund as it was paid.' as reason,
        {{ shop_date('orders.updated_at') }} as found_date
    from orders
    inner join order_refunds
        on orders.order_id = order_refunds.order_id
    where
        orders.updated_at
        > {{ dbt.dateadd('minute', var('order_edit_grace_minutes'), 'order_refunds.refunded_at') }}
    union all
    select
        'refund_without_order' as finding,
        null as order_id,
        null as order_line_id,
        'refund_line:' || refund_line_id as source_row,
        refund_amount as amount,
        'The refund names no order that is there. It counts for its product, customer and day, in'
        || ' the margin of no order. Land the order, if there is one.' as reason,
        refund_date as found_date
    from refund_lines
    where order_id is null
),

final as (
    select
        finding,
        order_id,
        order_line_id,
        source_row,
        cast(amount as decimal(18, 4)) as amount,
        reason,
        found_date
    from findings
)

select * from final
