with

subscriptions as (
    select * from {{ ref('int_subscriptions') }}
),

charges as (
    select
        subscription_id,
        min(customer_id) as customer_id,
        max(cycle_number) as paid_cycle_count,
        sum(case when charge_status = 'skipped' then 1 else 0 end) as skipped_charge_count,
        sum(case when charge_status = 'error' then 1 else 0 end) as failed_charge_count,
        sum(case when is_paid then charge_amount end) as paid_amount,
        sum(case when is_paid then charge_shop_amount end) as paid_shop_amount,
        max(charged_at) as last_charged_at
    from {{ ref('int_subscription_charges') }}
    where subscription_id is not null
    group by subscription_id
),

final as (
    select
        subscriptions.subscription_id,
        coalesce(subscriptions.customer_id, charges.customer_id) as customer_id,
        subscriptions.source_relation,
        subscriptions.sku,
        subscriptions.product_title,
        subscriptions.subscription_state,
        subscriptions.cancellation_reason,
        subscriptions.interval_unit,
        subscriptions.currency,
        subscriptions.interval_count,
        subscriptions.charge_limit_count,
        subscriptions.quantity,
        coalesce(charges.paid_cycle_count, 0) as paid_cycle_count,
        cast(coalesce(charges.skipped_charge_count, 0) as {{ dbt.type_bigint() }})
            as skipped_charge_count,
        cast(coalesce(charges.failed_charge_count, 0) as {{ dbt.type_bigint() }})
            as failed_charge_count,
        {{ convert_amount(
            'subscriptions.unit_price_shop_amount', 'subscriptions.exchange_rate',
            'subscriptions.reporting_minor_unit_digits'
        ) }} as unit_price_amount,
        subscriptions.unit_price_shop_amount,
        cast(
            case when charges.paid_cycle_count is null then 0 else charges.paid_amount end
            as decimal(18, 4)
        ) as paid_amount,
        cast(coalesce(charges.paid_shop_amount, 0) as decimal(18, 4)) as paid_shop_amount,
        subscriptions.subscription_state = 'active' as is_active,
        subscriptions.started_date,
        subscriptions.next_charge_date,
        subscriptions.started_at,
        charges.last_charged_at,
        subscriptions.cancelled_at
    from subscriptions
    left join charges
        on subscriptions.subscription_id = charges.subscription_id
)

select * from final
