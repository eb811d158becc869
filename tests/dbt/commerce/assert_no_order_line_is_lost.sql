-- Every line of an order that landed is in commerce, with the list price times quantity it landed
-- with: a join that drops or repeats a line is seen here.
with

landed as (
    select
        order_lines.source_relation,
        count(*) as line_count,
        sum(order_lines.quantity * order_lines.unit_price_amount) as list_shop_amount
    from {{ ref('stg_shopify__order_lines') }} as order_lines
    inner join {{ ref('stg_shopify__orders') }} as orders
        on order_lines.source_relation = orders.source_relation
        and order_lines.shopify_order_id = orders.shopify_order_id
    group by order_lines.source_relation
),

built as (
    select
        source_relation,
        count(*) as line_count,
        sum(list_shop_amount) as list_shop_amount
    from {{ ref('fct_order_lines') }}
    group by source_relation
)

select
    coalesce(landed.source_relation, built.source_relation) as source_relation,
    landed.line_count as landed_line_count,
    built.line_count as built_line_count,
    landed.list_shop_amount as landed_list_shop_amount,
    built.list_shop_amount as built_list_shop_amount
from landed
full join built
    on landed.source_relation = built.source_relation
where
    coalesce(landed.line_count, 0) <> coalesce(built.line_count, 0)
    or coalesce(landed.list_shop_amount, 0) <> coalesce(built.list_shop_amount, 0)
