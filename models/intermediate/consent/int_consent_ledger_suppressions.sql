{# What the ledger suppressed binds the person, not the number: where a customer id lives on in
   another one, that one is suppressed too, though nothing but the ledger may remember why.

   A suppression ends where the ledger holds a later yes of that very subject, channel and purpose;
   a yes of the same moment ends nothing. What proves a right (the browser's signal, erasure,
   minority) or a bad address is ended by no yes. #}

with

suppressions as (
    select * from {{ ref('stg_ledger__suppressions') }}
),

lifts as (
    select
        subject_type,
        subject_value,
        channel,
        purpose,
        max(consented_at) as lifted_at
    from {{ ref('stg_ledger__suppression_lifts') }}
    group by subject_type, subject_value, channel, purpose
),

lasting as (
    select consent_event_id
    from {{ ref('int_consent_events') }}
    where fact is not null
    group by consent_event_id
),

history as (
    select * from {{ ref('customer_id_history') }}
    where valid_to is null
),

standing as (
    select
        suppressions.subject_type,
        suppressions.subject_value,
        suppressions.channel,
        suppressions.purpose,
        suppressions.source_event,
        suppressions.suppressed_at,
        lasting.consent_event_id is not null as is_lasting
    from suppressions
    left join lasting
        on suppressions.source_event = lasting.consent_event_id
    left join lifts
        on suppressions.subject_type = lifts.subject_type
        and suppressions.subject_value = lifts.subject_value
        and suppressions.channel = lifts.channel
        and suppressions.purpose = lifts.purpose
        and suppressions.suppressed_at < lifts.lifted_at
    where lifts.subject_value is null or lasting.consent_event_id is not null
),

carried as (
    select
        standing.subject_type,
        history.customer_id as subject_value,
        standing.channel,
        standing.purpose,
        standing.source_event,
        standing.suppressed_at,
        standing.is_lasting
    from standing
    inner join history
        on standing.subject_value = history.old_customer_id
        and standing.subject_type = 'customer_id'
),

{# She may have said yes again under the id that she has today. #}
still_carried as (
    select carried.*
    from carried
    left join lifts
        on carried.subject_type = lifts.subject_type
        and carried.subject_value = lifts.subject_value
        and carried.channel = lifts.channel
        and carried.purpose = lifts.purpose
        and carried.suppressed_at < lifts.lifted_at
    where lifts.subject_value is null or carried.is_lasting
),

bound as (
    select * from standing
    union all
    select * from still_carried
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
