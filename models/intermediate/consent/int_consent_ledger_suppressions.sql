{# What the ledger suppressed binds the person, not the number: where a customer id lives on in
   another one, that one is suppressed too, though nothing but the ledger may remember why. #}

with

suppressions as (
    select * from {{ ref('stg_ledger__suppressions') }}
),

history as (
    select * from {{ ref('customer_id_history') }}
    where valid_to is null
),

bound as (
    select
        subject_type,
        subject_value,
        channel,
        purpose,
        source_event,
        suppressed_at
    from suppressions
    union all
    select
        suppressions.subject_type,
        history.customer_id as subject_value,
        suppressions.channel,
        suppressions.purpose,
        suppressions.source_event,
        suppressions.suppressed_at
    from suppressions
    inner join history
        on suppressions.subject_value = history.old_customer_id
        and suppressions.subject_type = 'customer_id'
),

final as (
    select
        subject_type,
        subject_value,
        channel,
        purpose,
        source_event,
        min(suppressed_at) as suppressed_at
    from bound
    group by subject_type, subject_value, channel, purpose, source_event
)

select * from final
