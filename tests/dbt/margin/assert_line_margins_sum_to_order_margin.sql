-- The order's margin is that of its lines and that of its cost lines, at 0.00 in both currencies.
with

line_sums as (
    select
        order_id,
        sum(cm1_amount) as cm1_amount,
        sum(cm2_amount) as cm2_amount,
        sum(cm2_shop_amount) as cm2_shop_amount,
        sum(cm2_at_order_amount) as cm2_at_order_amount
    from {{ ref('fct_order_line_margin') }}
    group by order_id
),

cost_sums as (
    select
        order_id,
        sum(amount) as amount,
        sum(shop_amount) as shop_amount
    from {{ ref('int_cost_lines') }}
    group by order_id
)

select
    order_margins.order_id,
    order_margins.cm2_amount,
    line_sums.cm2_amount as line_cm2_amount,
    cost_sums.amount as cost_line_amount
from {{ ref('fct_order_margin') }} as order_margins
left join line_sums
    on order_margins.order_id = line_sums.order_id
left join cost_sums
    on order_margins.order_id = cost_sums.order_id
where
    order_margins.cm1_amount <> coalesce(line_sums.cm1_amount, 0)
    or order_margins.cm2_amount <> coalesce(line_sums.cm2_amount, 0)
    or order_margins.cm2_shop_amount <> coalesce(line_sums.cm2_shop_amount, 0)
    or order_margins.cm2_at_order_amount <> coalesce(line_sums.cm2_at_order_amount, 0)
    or order_margins.cm2_amount <> coalesce(cost_sums.amount, 0)
    or order_margins.cm2_shop_amount <> coalesce(cost_sums.shop_amount, 0)
