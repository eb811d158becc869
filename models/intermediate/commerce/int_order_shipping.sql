{# Shipping is charged after its own discounts. Where prices include tax, the tax in it is what the
   order's tax holds beyond its lines'. #}

with

orders as (
    select * from {{ ref('int_orders') }}
),

shipping_lines as (
    select
        source_relation,
        shopify_order_id,
        sum(coalesce(discounted_shipping_amount, shipping_amount)) as shipping_amount
    from {{ ref('stg_shopify__order_shipping_lines') }}
    group by source_relation, shopify_order_id
),

line_taxes as (
    select
        order_id,
        sum(tax_shop_amount) as tax_amount
    from {{ ref('int_order_lines') }}
    group by order_id
),

charged as (
    select
        orders.order_id,
        orders.exchange_rate,
        orders.reporting_minor_unit_digits,
        cast(
            shipping_lines.shipping_amount
            - case
                when orders.is_tax_included
                    then coalesce(orders.tax_shop_amount, 0) - coalesce(line_taxes.tax_amount, 0)
                else 0
            end as decimal(18, 4)
        ) as shipping_charged_shop_amount
    from orders
    inner join shipping_lines
        on orders.source_relation = shipping_lines.source_relation
        and orders.shopify_order_id = shipping_lines.shopify_order_id
    left join line_taxes
        on orders.order_id = line_taxes.order_id
),

final as (
    select
        order_id,
        shipping_charged_shop_amount,
        {{ convert_amount(
            'shipping_charged_shop_amount', 'exchange_rate', 'reporting_minor_unit_digits'
        ) }} as shipping_charged_amount
    from charged
)

select * from final
