with

order_lines as (
    select * from {{ ref('int_order_lines') }}
),

final as (
    select
        order_line_id,
        order_id,
        customer_id,
        source_relation,
        shopify_order_line_id,
        sku,
        product_title,
        product_type,
        currency,
        quantity,
        list_amount,
        list_shop_amount,
        gross_merchandise_sales_amount,
        gross_merchandise_sales_shop_amount,
        discount_amount,
        discount_shop_amount,
        net_merchandise_sales_amount,
        net_merchandise_sales_shop_amount,
        gift_card_sales_amount,
        gift_card_sales_shop_amount,
        is_gift_card,
        order_date,
        ordered_at
    from order_lines
)

select * from final
