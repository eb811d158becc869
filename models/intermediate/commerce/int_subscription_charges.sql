{# A charge may bill several subscriptions and what was added once; the latter is left to the order.
   A cycle is a day on which a subscription was due and paid. The tool numbers none, so they are
   counted: two paid charges of one day are one cycle, charged twice. That day is the shop's own
   already and must not be moved by its time zone. #}

with

charges as (
    select * from {{ ref('stg_recharge__charges') }}
),

charge_lines as (
    select * from {{ ref('stg_recharge__charge_lines') }}
    where purchase_item_type = 'subscription'
),

subscriptions as (
    select * from {{ ref('int_subscriptions') }}
),

orders as (
    select * from {{ ref('int_orders') }}
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

billed_subscriptions as (
    select
        source_relation,
        recharge_charge_id,
        recharge_purchase_item_id,
        min(sku) as sku,
        sum(quantity) as quantity,
        sum(total_amount) as charge_shop_amount
    from charge_lines
    group by source_relation, recharge_charge_id, recharge_purchase_item_id
),

billed_charges as (
    select
        charges.*,
        {{ concat_text(['charges.source_relation', 'charges.recharge_charge_id'], ':') }}
            as charge_id,
        {{ concat_text(
            ['charges.source_relation', 'billed_subscriptions.recharge_purchase_item_id'], ':'
        ) }} as named_subscription_id,
        billed_subscriptions.sku,
        billed_subscriptions.quantity,
        billed_subscriptions.charge_shop_amount,
        charges.charge_status in ('success', 'partially_refunded', 'refunded') as is_paid,
        coalesce(
            cast(charges.scheduled_at as date),
            {{ shop_date('coalesce(charges.processed_at, charges.created_at)') }}
        ) as due_date
    from charges
    inner join billed_subscriptions
        on charges.source_relation = billed_subscriptions.source_relation
        and charges.recharge_charge_id = billed_subscriptions.recharge_charge_id
),

numbered_charges as (
    select
        *,
        dense_rank() over (
            partition by named_subscription_id, is_paid order by due_date
        ) as cycle_number,
        row_number() over (
            partition by named_subscription_id, is_paid, due_date
            order by processed_at, recharge_charge_id
        ) as charge_number_of_cycle,
        case
            when is_paid and processed_at is not null then {{ shop_date('processed_at') }}
            else due_date
        end as charge_date
    from billed_charges
),

joined as (
    select
        numbered_charges.*,
        orders.order_id,
        subscriptions.subscription_id,
        coalesce(orders.customer_id, subscriptions.customer_id) as customer_id,
        coalesce(orders.currency, shop_currencies.currency) as currency
    from numbered_charges
    left join orders
        on numbered_charges.source_relation = orders.source_relation
        and numbered_charges.shopify_order_id = orders.shopify_order_id
    left join subscriptions
        on numbered_charges.named_subscription_id = subscriptions.subscription_id
    left join shop_currencies
        on numbered_charges.source_relation = shop_currencies.source_relation
),

final as (
    select
        {{ concat_text(['joined.charge_id', 'joined.named_subscription_id'], '/') }}
            as subscription_charge_id,
        joined.charge_id,
        joined.subscription_id,
        joined.order_id,
        joined.customer_id,
        joined.source_relation,
        joined.sku,
        joined.charge_type,
        case
            when joined.is_paid or joined.charge_status in ('skipped', 'error', 'queued')
                then joined.charge_status
            else 'other'
        end as charge_status,
        joined.error_type,
        joined.currency,
        case when joined.is_paid then joined.cycle_number end as cycle_number,
        coalesce(joined.attempt_count, 0) as attempt_count,
        coalesce(joined.order_count, 0) as order_count,
        joined.quantity,
        {{ rate_to_reporting('joined.currency', 'exchange_rates.exchange_rate') }}
            as exchange_rate,
        {{ convert_amount(
            'joined.charge_shop_amount',
            rate_to_reporting('joined.currency', 'exchange_rates.exchange_rate'),
            'reporting_currencies.minor_unit_digits'
        ) }} as charge_amount,
        cast(joined.charge_shop_amount as decimal(18, 4)) as charge_shop_amount,
        joined.is_paid,
        joined.is_paid
        and joined.subscription_id is not null
        and joined.charge_number_of_cycle > 1 as is_cycle_repeated,
        joined.due_date,
        joined.charge_date,
        case when joined.is_paid then joined.processed_at end as charged_at
    from joined
    left join currencies as reporting_currencies
        on reporting_currencies.currency = '{{ var("reporting_currency") }}'
    left join exchange_rates
        on joined.currency = exchange_rates.currency
        and joined.charge_date = exchange_rates.rate_date
)

select * from final
