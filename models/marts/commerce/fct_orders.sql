with

orders as (
    select * from {{ ref('int_orders') }}
),

order_lines as (
    select
        order_id,
        sum(gross_merchandise_sales_amount) as gross_merchandise_sales_amount,
        sum(gross_merchandise_sales_shop_amount) as gross_merchandise_sales_shop_amount,
        sum(discount_amount) as discount_amount,
        sum(discount_shop_amount) as discount_shop_amount,
        sum(net_merchandise_sales_amount) as net_merchandise_sales_amount,
        sum(net_merchandise_sales_shop_amount) as net_merchandise_sales_shop_amount,
        sum(gift_card_sales_amount) as gift_card_sales_amount,
        sum(gift_card_sales_shop_amount) as gift_card_sales_shop_amount
    from {{ ref('int_order_lines') }}
    group by order_id
),

order_shipping as (
    select * from {{ ref('int_order_shipping') }}
),

refunds as (
    select
        order_id,
        sum(refund_amount) as refunded_amount,
        sum(refund_shop_amount) as refunded_shop_amount
    from {{ ref('int_refund_lines') }}
    where order_id is not null and refund_kind <> 'shipping' and not is_gift_card
    group by order_id
),

subscription_orders as (
    select order_id
    from {{ ref('int_subscription_charges') }}
    where order_id is not null
    group by order_id
),

counted_orders as (
    select
        order_id,
        row_number() over (partition by customer_id order by ordered_at, order_id)
            as order_number_of_customer
    from orders
    where customer_id is not null and order_scope = 'dtc' and not is_cancelled
),

joined as (
    select
        orders.*,
        coalesce(order_lines.gross_merchandise_sales_amount, 0) as gross_merchandise_sales_amount,
        coalesce(order_lines.gross_merchandise_sales_shop_amount, 0)
            as gross_merchandise_sales_shop_amount,
        coalesce(order_lines.discount_amount, 0) as line_discount_amount,
        coalesce(order_lines.discount_shop_amount, 0) as line_discount_shop_amount,
        coalesce(order_lines.net_merchandise_sales_amount, 0) as net_merchandise_sales_amount,
        coalesce(order_lines.net_merchandise_sales_shop_amount, 0)
            as net_merchandise_sales_shop_amount,
        coalesce(order_lines.gift_card_sales_amount, 0) as gift_card_sales_amount,
        coalesce(order_lines.gift_card_sales_shop_amount, 0) as gift_card_sales_shop_amount,
        coalesce(order_shipping.shipping_charged_amount, 0) as shipping_charged_amount,
        coalesce(order_shipping.shipping_charged_shop_amount, 0) as shipping_charged_shop_amount,
        coalesce(refunds.refunded_amount, 0) as refunded_amount,
        coalesce(refunds.refunded_shop_amount, 0) as refunded_shop_amount,
        counted_orders.order_number_of_customer,
        subscription_orders.order_id is not null as is_subscription_order
    from orders
    left join order_lines
        on orders.order_id = order_lines.order_id
    left join order_shipping
        on orders.order_id = order_shipping.order_id
    left join refunds
        on orders.order_id = refunds.order_id
    left join counted_orders
        on orders.order_id = counted_orders.order_id
    left join subscription_orders
        on orders.order_id = subscription_orders.order_id
),

final as (
    select
        order_id,
        source_relation,
        shopify_order_id,
        customer_id,
        sales_channel,
        order_scope,
        currency,
        financial_status,
        discount_codes,
        shipping_country_code,
        shipping_region,
        order_number_of_customer,
        exchange_rate,
        cast(gross_merchandise_sales_amount as decimal(18, 4)) as gross_merchandise_sales_amount,
        cast(gross_merchandise_sales_shop_amount as decimal(18, 4))
            as gross_merchandise_sales_shop_amount,
        cast(line_discount_amount as decimal(18, 4)) as discount_amount,
        cast(line_discount_shop_amount as decimal(18, 4)) as discount_shop_amount,
        cast(net_merchandise_sales_amount as decimal(18, 4)) as net_merchandise_sales_amount,
        cast(net_merchandise_sales_shop_amount as decimal(18, 4))
            as net_merchandise_sales_shop_amount,
        shipping_charged_amount,
        shipping_charged_shop_amount,
        {{ convert_amount(
            'coalesce(tax_shop_amount, 0)', 'exchange_rate', 'reporting_minor_unit_digits'
        ) }} as tax_amount,
        coalesce(tax_shop_amount, 0) as tax_shop_amount,
        cast(gift_card_sales_amount as decimal(18, 4)) as gift_card_sales_amount,
        cast(gift_card_sales_shop_amount as decimal(18, 4)) as gift_card_sales_shop_amount,
        {{ convert_amount('total_shop_amount', 'exchange_rate', 'reporting_minor_unit_digits') }}
            as total_amount,
        total_shop_amount,
        cast(refunded_amount as decimal(18, 4)) as refunded_amount,
        cast(refunded_shop_amount as decimal(18, 4)) as refunded_shop_amount,
        cast(net_merchandise_sales_amount - refunded_amount as decimal(18, 4)) as net_sales_amount,
        cast(net_merchandise_sales_shop_amount - refunded_shop_amount as decimal(18, 4))
            as net_sales_shop_amount,
        is_cancelled,
        coalesce(order_number_of_customer = 1, false) as is_first_order,
        is_subscription_order,
        order_date,
        ordered_at,
        cancelled_at
    from joined
)

select * from final
