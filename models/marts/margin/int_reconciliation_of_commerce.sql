{{ config(access='private') }}

{# Commerce against the shop's own figures as landed, in the shop's currency: what the order
   charged is its total without tips, what a refund gave back is its rows and adjustments, whether
   or not it names an order. #}

with

fct_orders as (
    select * from {{ ref('fct_orders') }}
),

fct_refunds as (
    select * from {{ ref('fct_refunds') }}
),

shop_orders as (
    select * from {{ ref('stg_shopify__orders') }}
),

shops as (
    select
        source_relation,
        min(currency) as currency
    from {{ ref('stg_shopify__shops') }}
    group by source_relation
),

shop_refunds as (
    select
        refunds.source_relation,
        refunds.shopify_refund_id,
        coalesce(shop_orders.currency, shops.currency) as currency,
        coalesce(shop_orders.is_tax_included, false) as is_tax_included,
        {{ shop_date('coalesce(refunds.processed_at, refunds.created_at)') }} as refund_date
    from {{ ref('stg_shopify__refunds') }} as refunds
    left join shop_orders
        on refunds.source_relation = shop_orders.source_relation
        and refunds.shopify_order_id = shop_orders.shopify_order_id
    left join shops
        on refunds.source_relation = shops.source_relation
),

shop_refund_rows as (
    select
        source_relation,
        shopify_refund_id,
        refund_amount,
        coalesce(refund_tax_amount, 0) as refund_tax_amount
    from {{ ref('stg_shopify__order_line_refunds') }}
    union all
    select
        source_relation,
        shopify_refund_id,
        -adjustment_amount as refund_amount,
        -coalesce(adjustment_tax_amount, 0) as refund_tax_amount
    from {{ ref('stg_shopify__order_adjustments') }}
),

sides as (
    select
        'orders_to_staging' as check_name,
        currency,
        'left' as side,
        net_merchandise_sales_shop_amount + gift_card_sales_shop_amount
        + shipping_charged_shop_amount + tax_shop_amount as amount,
        order_date as reconciled_date
    from fct_orders
    union all
    select
        'orders_to_staging' as check_name,
        currency,
        'right' as side,
        total_amount - coalesce(tip_amount, 0) as amount,
        {{ shop_date('processed_at') }} as reconciled_date
    from shop_orders
    union all
    select
        'refunds_to_staging' as check_name,
        currency,
        'left' as side,
        refund_shop_amount + refund_tax_shop_amount as amount,
        refund_date as reconciled_date
    from fct_refunds
    union all
    select
        'refunds_to_staging' as check_name,
        shop_refunds.currency,
        'right' as side,
        shop_refund_rows.refund_amount
        + case
            when shop_refunds.is_tax_included then 0
            else shop_refund_rows.refund_tax_amount
        end as amount,
        shop_refunds.refund_date as reconciled_date
    from shop_refund_rows
    inner join shop_refunds
        on shop_refund_rows.source_relation = shop_refunds.source_relation
        and shop_refund_rows.shopify_refund_id = shop_refunds.shopify_refund_id
),

final as (
    select
        check_name,
        currency,
        side,
        cast(sum(amount) as decimal(28, 4)) as amount,
        reconciled_date
    from sides
    group by check_name, currency, side, reconciled_date
)

select * from final
