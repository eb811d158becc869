{# The subscription tool bills in its shop's currency and names none: the shop's holds. #}

with

subscriptions as (
    select * from {{ ref('stg_recharge__subscriptions') }}
),

subscribers as (
    select * from {{ ref('stg_recharge__customers') }}
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

identity_map as (
    select
        identifier_scope,
        identifier_value,
        customer_id
    from {{ ref('identity_map') }}
    where identifier_type = 'shopify_customer_id'
),

dated_subscriptions as (
    select
        subscriptions.*,
        {{ shop_date('subscriptions.created_at') }} as started_date,
        shop_currencies.currency
    from subscriptions
    left join shop_currencies
        on subscriptions.source_relation = shop_currencies.source_relation
),

final as (
    select
        {{ concat_text(
            ['dated_subscriptions.source_relation', 'recharge_subscription_id'], ':'
        ) }} as subscription_id,
        identity_map.customer_id,
        dated_subscriptions.source_relation,
        dated_subscriptions.sku,
        dated_subscriptions.product_title,
        case
            when dated_subscriptions.subscription_status in ('active', 'cancelled', 'expired')
                then dated_subscriptions.subscription_status
            else 'other'
        end as subscription_state,
        dated_subscriptions.cancellation_reason,
        dated_subscriptions.interval_unit,
        dated_subscriptions.currency,
        dated_subscriptions.interval_count,
        dated_subscriptions.charge_limit_count,
        dated_subscriptions.quantity,
        {{ rate_to_reporting('dated_subscriptions.currency', 'exchange_rates.exchange_rate') }}
            as exchange_rate,
        reporting_currencies.minor_unit_digits as reporting_minor_unit_digits,
        dated_subscriptions.unit_price_amount as unit_price_shop_amount,
        dated_subscriptions.started_date,
        cast(dated_subscriptions.next_charge_scheduled_at as date) as next_charge_date,
        dated_subscriptions.created_at as started_at,
        dated_subscriptions.cancelled_at
    from dated_subscriptions
    left join currencies as reporting_currencies
        on reporting_currencies.currency = '{{ var("reporting_currency") }}'
    left join exchange_rates
        on dated_subscriptions.currency = exchange_rates.currency
        and dated_subscriptions.started_date = exchange_rates.rate_date
    left join subscribers
        on dated_subscriptions.source_relation = subscribers.source_relation
        and dated_subscriptions.recharge_customer_id = subscribers.recharge_customer_id
    left join identity_map
        on subscribers.source_relation = identity_map.identifier_scope
        and cast(subscribers.shopify_customer_id as {{ dbt.type_string() }})
        = identity_map.identifier_value
)

select * from final
