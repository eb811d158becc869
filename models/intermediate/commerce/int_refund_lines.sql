{# Lines of a refund, and its adjustments without a line. Amounts leave tax out where prices include
   it. A refund is worth what its order was converted at; what the rate of the refund's own date
   makes of it beyond that is the exchange difference. Product and customer are the order's; a
   refund that names no order keeps those that it names itself. #}

with

orders as (
    select * from {{ ref('int_orders') }}
),

order_lines as (
    select
        source_relation,
        shopify_order_line_id,
        order_line_id,
        sku,
        is_gift_card
    from {{ ref('int_order_lines') }}
),

refunds as (
    select
        source_relation,
        shopify_refund_id,
        shopify_order_id,
        shopify_customer_id,
        coalesce(processed_at, created_at) as refunded_at
    from {{ ref('stg_shopify__refunds') }}
),

identity_map as (
    select
        identifier_scope,
        identifier_value,
        customer_id
    from {{ ref('identity_map') }}
    where identifier_type = 'shopify_customer_id'
),

line_refunds as (
    select * from {{ ref('stg_shopify__order_line_refunds') }}
),

order_adjustments as (
    select * from {{ ref('stg_shopify__order_adjustments') }}
),

shop_currencies as (
    select
        source_relation,
        min(currency) as currency
    from {{ ref('stg_shopify__shops') }}
    group by source_relation
),

currencies as (
    select * from {{ ref('currencies') }}
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates_daily') }}
),

refund_rows as (
    select
        source_relation,
        shopify_refund_id,
        shopify_order_line_id,
        'line:' || cast(shopify_order_line_refund_id as {{ dbt.type_string() }}) as row_key,
        case when restock_type = 'cancel' then 'cancellation' else 'line' end as refund_kind,
        sku,
        restock_type,
        quantity,
        refund_amount,
        coalesce(refund_tax_amount, 0) as refund_tax_amount
    from line_refunds
    union all
    select
        source_relation,
        shopify_refund_id,
        cast(null as {{ dbt.type_bigint() }}) as shopify_order_line_id,
        'adjustment:' || cast(shopify_order_adjustment_id as {{ dbt.type_string() }}) as row_key,
        case when adjustment_kind = 'shipping_refund' then 'shipping' else 'goodwill' end
            as refund_kind,
        cast(null as {{ dbt.type_string() }}) as sku,
        cast(null as {{ dbt.type_string() }}) as restock_type,
        cast(null as {{ dbt.type_bigint() }}) as quantity,
        -adjustment_amount as refund_amount,
        -coalesce(adjustment_tax_amount, 0) as refund_tax_amount
    from order_adjustments
),

dated_refunds as (
    select
        *,
        {{ shop_date('refunded_at') }} as refund_date
    from refunds
),

joined as (
    select
        refund_rows.source_relation,
        refund_rows.shopify_refund_id,
        refund_rows.row_key,
        orders.order_id,
        order_lines.order_line_id,
        case
            when orders.order_id is null then identity_map.customer_id
            else orders.customer_id
        end as customer_id,
        refund_rows.shopify_order_line_id,
        coalesce(order_lines.sku, refund_rows.sku) as sku,
        refund_rows.refund_kind,
        refund_rows.restock_type,
        coalesce(orders.currency, shop_currencies.currency) as currency,
        refund_rows.quantity,
        refund_rows.refund_amount
        - case when orders.is_tax_included then refund_rows.refund_tax_amount else 0 end
            as refund_shop_amount,
        refund_rows.refund_tax_amount as refund_tax_shop_amount,
        orders.exchange_rate as order_rate,
        coalesce(order_lines.is_gift_card, false) as is_gift_card,
        orders.order_date,
        dated_refunds.refund_date,
        dated_refunds.refunded_at
    from refund_rows
    inner join dated_refunds
        on refund_rows.source_relation = dated_refunds.source_relation
        and refund_rows.shopify_refund_id = dated_refunds.shopify_refund_id
    left join orders
        on dated_refunds.source_relation = orders.source_relation
        and dated_refunds.shopify_order_id = orders.shopify_order_id
    left join order_lines
        on refund_rows.source_relation = order_lines.source_relation
        and refund_rows.shopify_order_line_id = order_lines.shopify_order_line_id
    left join shop_currencies
        on refund_rows.source_relation = shop_currencies.source_relation
    left join identity_map
        on dated_refunds.source_relation = identity_map.identifier_scope
        and cast(dated_refunds.shopify_customer_id as {{ dbt.type_string() }})
        = identity_map.identifier_value
),

rated as (
    select
        joined.*,
        currencies.minor_unit_digits,
        reporting_currencies.minor_unit_digits as reporting_minor_unit_digits,
        {{ rate_to_reporting('joined.currency', 'exchange_rates.exchange_rate') }} as refund_rate
    from joined
    left join currencies
        on joined.currency = currencies.currency
    left join currencies as reporting_currencies
        on reporting_currencies.currency = '{{ var("reporting_currency") }}'
    left join exchange_rates
        on joined.currency = exchange_rates.currency
        and joined.refund_date = exchange_rates.rate_date
),

final as (
    select
        {{ concat_text(['source_relation', 'row_key'], ':') }} as refund_line_id,
        {{ concat_text(['source_relation', 'shopify_refund_id'], ':') }} as refund_id,
        order_id,
        order_line_id,
        customer_id,
        source_relation,
        shopify_refund_id,
        shopify_order_line_id,
        sku,
        refund_kind,
        restock_type,
        currency,
        minor_unit_digits,
        reporting_minor_unit_digits,
        quantity,
        cast(refund_shop_amount as decimal(18, 4)) as refund_shop_amount,
        {{ convert_amount(
            'refund_shop_amount', 'coalesce(order_rate, refund_rate)', 'reporting_minor_unit_digits'
        ) }} as refund_amount,
        {{ convert_amount('refund_shop_amount', 'refund_rate', 'reporting_minor_unit_digits') }}
            as refund_paid_amount,
        refund_tax_shop_amount,
        {{ convert_amount(
            'refund_tax_shop_amount', 'coalesce(order_rate, refund_rate)',
            'reporting_minor_unit_digits'
        ) }} as refund_tax_amount,
        is_gift_card,
        order_date,
        refund_date,
        refunded_at
    from rated
)

select * from final
