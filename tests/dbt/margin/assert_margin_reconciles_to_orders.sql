-- What margin calls sales, refunds and shipping is what commerce calls so, order by order, at 0.00.
-- An order without lines has nowhere to carry them and is told apart by its line count.
with

line_counts as (
    select
        order_id,
        count(*) as line_count
    from {{ ref('fct_order_lines') }}
    group by order_id
)

select
    orders.order_id,
    orders.net_sales_amount,
    order_margins.net_sales_amount as margin_net_sales_amount,
    orders.shipping_charged_amount,
    order_margins.shipping_charged_amount as margin_shipping_charged_amount
from {{ ref('fct_orders') }} as orders
left join {{ ref('fct_order_margin') }} as order_margins
    on orders.order_id = order_margins.order_id
left join line_counts
    on orders.order_id = line_counts.order_id
where
    order_margins.order_id is null
    or (
        line_counts.line_count > 0
        and (
            orders.gross_merchandise_sales_amount <> order_margins.gross_merchandise_sales_amount
            or orders.discount_amount <> order_margins.discount_amount
            or orders.refunded_amount <> order_margins.refund_amount
            or orders.net_sales_amount <> order_margins.net_sales_amount
            or orders.shipping_charged_amount <> order_margins.shipping_charged_amount
        )
    )
