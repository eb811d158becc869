{# An order's scope, in this order: the shop's test flag; a tag of order_scope_tags; nothing to pay
   and no list price (a replacement); a draft that nobody has paid; else dtc. #}

with

orders as (
    select * from {{ ref('stg_shopify__orders') }}
),

order_tags as (
    select * from {{ ref('stg_shopify__order_tags') }}
),

discount_codes as (
    select * from {{ ref('stg_shopify__order_discount_codes') }}
),

scope_tags as (
    select * from {{ ref('order_scope_tags') }}
),

sales_channels as (
    select * from {{ ref('sales_channels') }}
),

currencies as (
    select * from {{ ref('currencies') }}
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates_daily') }}
),

identity_map as (
    select
        identifier_scope,
        identifier_value,
        customer_id
    from {{ ref('identity_map') }}
    where identifier_type = 'shopify_order_id'
),

tagged_scopes as (
    select
        order_tags.source_relation,
        order_tags.shopify_order_id,
        min(scope_tags.scope_rank) as scope_rank
    from order_tags
    inner join scope_tags
        on lower(trim(order_tags.tag)) = scope_tags.tag
    group by order_tags.source_relation, order_tags.shopify_order_id
),

joined_codes as (
    select
        source_relation,
        shopify_order_id,
        {{ dbt.listagg('discount_code', "'|'", 'order by discount_code_number') }} as discount_codes
    from discount_codes
    group by source_relation, shopify_order_id
),

dated_orders as (
    select
        *,
        {{ concat_text(['source_relation', 'shopify_order_id'], ':') }} as order_id,
        {{ shop_date('processed_at') }} as order_date
    from orders
),

final as (
    select
        dated_orders.order_id,
        dated_orders.source_relation,
        dated_orders.shopify_order_id,
        dated_orders.order_name,
        identity_map.customer_id,
        coalesce(sales_channels.sales_channel, 'other') as sales_channel,
        case
            when dated_orders.is_test then 'test'
            when scope_tags.order_scope is not null then scope_tags.order_scope
            when dated_orders.total_amount = 0 and coalesce(dated_orders.line_items_amount, 0) = 0
                then 'replacement'
            when
                sales_channels.sales_channel = 'draft_order'
                and dated_orders.financial_status = 'pending'
                then 'draft'
            else 'dtc'
        end as order_scope,
        dated_orders.currency,
        dated_orders.financial_status,
        joined_codes.discount_codes,
        dated_orders.shipping_country_code,
        dated_orders.shipping_region,
        currencies.minor_unit_digits,
        reporting_currencies.minor_unit_digits as reporting_minor_unit_digits,
        {{ rate_to_reporting('dated_orders.currency', 'exchange_rates.exchange_rate') }}
            as exchange_rate,
        dated_orders.discount_amount as discount_shop_amount,
        dated_orders.tax_amount as tax_shop_amount,
        dated_orders.total_amount as total_shop_amount,
        dated_orders.is_tax_included,
        dated_orders.cancelled_at is not null as is_cancelled,
        dated_orders.order_date,
        dated_orders.processed_at as ordered_at,
        dated_orders.cancelled_at
    from dated_orders
    left join currencies as reporting_currencies
        on reporting_currencies.currency = '{{ var("reporting_currency") }}'
    left join sales_channels
        on dated_orders.source_name = sales_channels.source_name
    left join currencies
        on dated_orders.currency = currencies.currency
    left join exchange_rates
        on dated_orders.currency = exchange_rates.currency
        and dated_orders.order_date = exchange_rates.rate_date
    left join identity_map
        on dated_orders.source_relation = identity_map.identifier_scope
        and cast(dated_orders.shopify_order_id as {{ dbt.type_string() }})
        = identity_map.identifier_value
    left join tagged_scopes
        on dated_orders.source_relation = tagged_scopes.source_relation
        and dated_orders.shopify_order_id = tagged_scopes.shopify_order_id
    left join scope_tags
        on tagged_scopes.scope_rank = scope_tags.scope_rank
    left join joined_codes
        on dated_orders.source_relation = joined_codes.source_relation
        and dated_orders.shopify_order_id = joined_codes.shopify_order_id
)

select * from final
