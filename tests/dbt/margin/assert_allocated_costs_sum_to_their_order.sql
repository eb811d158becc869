-- Children sum to their parent at 0.00, in both currencies.
with

orders_with_lines as (
    select order_id
    from {{ ref('int_order_lines') }}
    group by order_id
),

parents as (
    select
        order_costs.source_row,
        order_costs.cost_type,
        order_costs.shop_amount,
        order_costs.amount
    from {{ ref('int_order_costs') }} as order_costs
    inner join orders_with_lines
        on order_costs.order_id = orders_with_lines.order_id
),

children as (
    select
        source_row,
        cost_type,
        sum(shop_amount) as shop_amount,
        sum(amount) as amount
    from {{ ref('int_allocated_costs') }}
    group by source_row, cost_type
)

select
    parents.source_row,
    parents.cost_type,
    parents.shop_amount,
    children.shop_amount as allocated_shop_amount,
    parents.amount,
    children.amount as allocated_amount
from parents
left join children
    on parents.source_row = children.source_row
    and parents.cost_type = children.cost_type
where
    parents.shop_amount <> coalesce(children.shop_amount, 0)
    or parents.amount <> coalesce(children.amount, 0)
