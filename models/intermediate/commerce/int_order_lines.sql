{# Merchandise amounts leave tax out: a price that includes tax loses the line's own tax lines, and
   a discount is reduced by the line's tax rate, so that gross less discount stays net. A gift card
   sold is a liability: it has no gross, discount or net merchandise sales. #}

with

orders as (
    select * from {{ ref('int_orders') }}
),

order_lines as (
    select * from {{ ref('stg_shopify__order_lines') }}
),

line_discounts as (
    select * from {{ ref('int_order_discounts') }}
),

products as (
    select
        source_relation,
        shopify_product_id,
        product_type
    from {{ ref('stg_shopify__products') }}
),

line_taxes as (
    select
        source_relation,
        shopify_order_line_id,
        sum(tax_amount) as tax_amount,
        sum(tax_ratio) as tax_ratio
    from {{ ref('stg_shopify__tax_lines') }}
    group by source_relation, shopify_order_line_id
),

priced_lines as (
    select
        orders.order_id,
        orders.customer_id,
        orders.currency,
        orders.minor_unit_digits,
        orders.reporting_minor_unit_digits,
        orders.exchange_rate,
        orders.order_date,
        orders.ordered_at,
        order_lines.source_relation,
        order_lines.shopify_order_line_id,
        order_lines.shopify_variant_id,
        order_lines.sku,
        order_lines.product_title,
        products.product_type,
        order_lines.quantity,
        order_lines.unit_price_amount as unit_price_shop_amount,
        order_lines.is_gift_card,
        order_lines.is_shipping_required,
        coalesce(order_lines.unit_weight_grams, 0) as unit_weight_grams,
        coalesce(order_lines.unit_weight_grams, 0) * order_lines.quantity as weight_grams,
        order_lines.quantity * order_lines.unit_price_amount as list_shop_amount,
        coalesce(line_discounts.discount_shop_amount, 0) as shown_discount_amount,
        coalesce(line_taxes.tax_amount, 0) as tax_shop_amount,
        case when orders.is_tax_included then coalesce(line_taxes.tax_amount, 0) else 0 end
            as included_tax_amount,
        case when orders.is_tax_included then coalesce(line_taxes.tax_ratio, 0) else 0 end
            as included_tax_ratio
    from order_lines
    inner join orders
        on order_lines.source_relation = orders.source_relation
        and order_lines.shopify_order_id = orders.shopify_order_id
    left join line_discounts
        on order_lines.source_relation = line_discounts.source_relation
        and order_lines.shopify_order_line_id = line_discounts.shopify_order_line_id
    left join line_taxes
        on order_lines.source_relation = line_taxes.source_relation
        and order_lines.shopify_order_line_id = line_taxes.shopify_order_line_id
    left join products
        on order_lines.source_relation = products.source_relation
        and order_lines.shopify_product_id = products.shopify_product_id
),

shop_amounts as (
    select
        *,
        list_shop_amount - shown_discount_amount - included_tax_amount as paid_shop_amount,
        {{ without_tax('shown_discount_amount', 'included_tax_ratio', 'minor_unit_digits') }}
            as net_discount_amount
    from priced_lines
),

merchandise as (
    select
        *,
        case when is_gift_card then 0 else net_discount_amount end as discount_shop_amount,
        case when is_gift_card then 0 else paid_shop_amount + net_discount_amount end
            as gross_merchandise_sales_shop_amount,
        case when is_gift_card then paid_shop_amount else 0 end as gift_card_sales_shop_amount
    from shop_amounts
),

converted as (
    select
        *,
        {{ convert_amount('list_shop_amount', 'exchange_rate', 'reporting_minor_unit_digits') }}
            as list_amount,
        {{ convert_amount('discount_shop_amount', 'exchange_rate', 'reporting_minor_unit_digits') }}
            as discount_amount,
        {{ convert_amount(
            'gross_merchandise_sales_shop_amount', 'exchange_rate', 'reporting_minor_unit_digits'
        ) }} as gross_merchandise_sales_amount,
        {{ convert_amount(
            'gift_card_sales_shop_amount', 'exchange_rate', 'reporting_minor_unit_digits'
        ) }} as gift_card_sales_amount
    from merchandise
),

final as (
    select
        {{ concat_text(['source_relation', 'shopify_order_line_id'], ':') }} as order_line_id,
        order_id,
        customer_id,
        source_relation,
        shopify_order_line_id,
        shopify_variant_id,
        sku,
        product_title,
        product_type,
        currency,
        minor_unit_digits,
        exchange_rate,
        quantity,
        unit_weight_grams,
        weight_grams,
        unit_price_shop_amount,
        cast(list_shop_amount as decimal(18, 4)) as list_shop_amount,
        list_amount,
        cast(tax_shop_amount as decimal(18, 4)) as tax_shop_amount,
        cast(gross_merchandise_sales_shop_amount as decimal(18, 4))
            as gross_merchandise_sales_shop_amount,
        gross_merchandise_sales_amount,
        cast(discount_shop_amount as decimal(18, 4)) as discount_shop_amount,
        discount_amount,
        cast(gross_merchandise_sales_shop_amount - discount_shop_amount as decimal(18, 4))
            as net_merchandise_sales_shop_amount,
        cast(gross_merchandise_sales_amount - discount_amount as decimal(18, 4))
            as net_merchandise_sales_amount,
        cast(gift_card_sales_shop_amount as decimal(18, 4)) as gift_card_sales_shop_amount,
        gift_card_sales_amount,
        is_gift_card,
        is_shipping_required,
        order_date,
        ordered_at
    from converted
)

select * from final
