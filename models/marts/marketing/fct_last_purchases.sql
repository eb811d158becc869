{# Of several products of her last purchase the dearest. #}

with

purchases as (
    select * from {{ ref('int_purchases') }}
),

order_lines as (
    select * from {{ ref('fct_order_lines') }}
    where sku is not null and not is_gift_card
),

consumables as (
    select product_type from {{ ref('consumable_product_types') }}
),

ranked as (
    select
        purchases.customer_id,
        order_lines.source_relation,
        order_lines.sku,
        order_lines.product_type,
        purchases.purchase_date,
        row_number() over (
            partition by purchases.customer_id
            order by
                purchases.purchase_date desc,
                order_lines.gross_merchandise_sales_amount desc,
                order_lines.order_line_id asc
        ) as place
    from purchases
    inner join order_lines
        on purchases.order_id = order_lines.order_id
),

final as (
    select
        ranked.customer_id,
        ranked.source_relation,
        ranked.sku,
        ranked.product_type,
        consumables.product_type is not null as is_consumable,
        ranked.purchase_date as last_purchase_date
    from ranked
    left join consumables
        on ranked.product_type = consumables.product_type
    where ranked.place = 1
)

select * from final
