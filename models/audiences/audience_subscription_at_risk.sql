{# Since her last paid cycle: deliveries skipped, or a card that was refused. #}

with

rules as (
    {{ segment_rules('subscription_at_risk', ['minimum_skipped_count', 'minimum_failed_count']) }}
),

customers as (
    select
        customer_id,
        as_of_at
    from {{ ref('dim_customers') }}
),

subscriptions as (
    select
        subscription_id,
        customer_id
    from {{ ref('fct_subscriptions') }}
    where is_active and customer_id is not null
),

charges as (
    select
        subscription_id,
        charge_status,
        is_paid,
        due_date
    from {{ ref('fct_subscription_charges') }}
    where subscription_id is not null
),

paid as (
    select
        subscription_id,
        max(due_date) as last_paid_date
    from charges
    where is_paid
    group by subscription_id
),

missed as (
    select
        charges.subscription_id,
        sum(case when charges.charge_status = 'skipped' then 1 else 0 end) as skipped_count,
        sum(case when charges.charge_status = 'error' then 1 else 0 end) as failed_count,
        max(charges.due_date) as last_missed_date
    from charges
    left join paid
        on charges.subscription_id = paid.subscription_id
    where
        charges.charge_status in ('skipped', 'error')
        and (paid.last_paid_date is null or charges.due_date > paid.last_paid_date)
    group by charges.subscription_id
),

met as (
    select
        subscriptions.customer_id,
        customers.as_of_at,
        max(
            case when missed.failed_count >= rules.minimum_failed_count then 1 else 0 end
        ) as failed_count,
        max(
            cast(missed.last_missed_date as {{ dbt.type_timestamp() }})
        ) as last_missed_at
    from subscriptions
    cross join rules
    inner join customers
        on subscriptions.customer_id = customers.customer_id
    inner join missed
        on subscriptions.subscription_id = missed.subscription_id
    where
        missed.skipped_count >= rules.minimum_skipped_count
        or missed.failed_count >= rules.minimum_failed_count
    group by subscriptions.customer_id, customers.as_of_at
),

final as (
    select
        customer_id,
        case when failed_count = 1 then 'card_refused' else 'deliveries_skipped' end as reason,
        case when last_missed_at <= as_of_at then last_missed_at else as_of_at end as entered_at
    from met
)

select * from final
