{# What must reach every channel. A bad address binds the address, a right binds the person, and
   what the ledger once suppressed stays until the ledger itself holds the later yes that lifts
   it: nothing that the warehouse infers does. #}

with

history as (
    select * from {{ ref('fct_consent_history') }}
    where valid_to is null and consent_state = 'opted_out'
),

identifier_states as (
    select * from {{ ref('int_consent_by_identifier') }}
    where
        valid_to is null
        and consent_state = 'opted_out'
        and subject_type in ('email_sha256', 'phone_sha256')
),

events as (
    select * from {{ ref('int_consent_events') }}
    where fact is not null
),

inherited as (
    select * from {{ ref('int_consent_inherited') }}
    where inheritance in ('deletion', 'minor', 'gpc')
),

ledger_suppressions as (
    select * from {{ ref('int_consent_ledger_suppressions') }}
),

{# Selling and sharing are one act to an ad platform. #}
standing as (
    select
        'customer_id' as subject_type,
        customer_id as subject_value,
        channel,
        purpose,
        consent_event_id as source_event,
        valid_from as suppressed_at
    from history
    union all
    select
        subject_type,
        subject_value,
        channel,
        purpose,
        consent_event_id as source_event,
        valid_from as suppressed_at
    from identifier_states
),

bad_addresses as (
    select
        'email_sha256' as subject_type,
        email_sha256 as subject_value,
        channel,
        purpose,
        consent_event_id as source_event,
        occurred_at as suppressed_at,
        row_number() over (
            partition by email_sha256
            order by occurred_at, consent_event_id
        ) as place
    from events
    where fact in ('bounce', 'complaint', 'suppression') and email_sha256 is not null
),

{# A right does not lapse with a later yes: erasure, minority and the browser's signal stand. #}
rights as (
    select
        'customer_id' as subject_type,
        customer_id as subject_value,
        channel,
        purpose,
        consent_event_id as source_event,
        occurred_at as suppressed_at,
        row_number() over (
            partition by customer_id, fact, channel, purpose
            order by occurred_at, consent_event_id
        ) as place
    from events
    where fact in ('deletion', 'minor', 'gpc') and customer_id is not null
),

merged as (
    select * from standing
    union all
    select
        subject_type,
        subject_value,
        channel,
        purpose,
        source_event,
        suppressed_at
    from bad_addresses
    where place = 1
    union all
    select
        subject_type,
        subject_value,
        channel,
        purpose,
        source_event,
        suppressed_at
    from rights
    where place = 1
    union all
    select
        subject_type,
        subject_value,
        channel,
        purpose,
        consent_event_id as source_event,
        valid_from as suppressed_at
    from inherited
    union all
    select
        subject_type,
        subject_value,
        channel,
        purpose,
        source_event,
        suppressed_at
    from ledger_suppressions
),

delivered_purposes as (
    select
        subject_type,
        subject_value,
        channel,
        case when purpose = 'sale' then 'ads_sharing' else purpose end as purpose,
        source_event,
        suppressed_at
    from merged
    where purpose <> 'profiling'
),

final as (
    select
        subject_type,
        subject_value,
        channel,
        purpose,
        source_event,
        min(suppressed_at) as suppressed_at
    from delivered_purposes
    group by subject_type, subject_value, channel, purpose, source_event
)

select * from final
