{# What the collector heard: each statement speaks for everything that names its person, so that a
   yes ends the no of the same address, account or browser, and of nothing else.

   A yes without proof says nothing, and so does a yes that leads to two people: nobody can tell
   whose it is. A no binds them all. An address counts in the channel that it serves (a family's
   phone takes nobody's mail), in others only where nothing else names the person. #}

with

events as (
    select * from {{ ref('stg_ledger__consent_events') }}
),

event_subjects as (
    select * from {{ ref('stg_ledger__consent_event_subjects') }}
),

requests as (
    select * from {{ ref('stg_ledger__privacy_requests') }}
),

request_subjects as (
    select * from {{ ref('stg_ledger__privacy_request_subjects') }}
),

effects as (
    select * from {{ ref('consent_effects') }}
),

owners as (
    select * from {{ ref('int_consent_subject_owners') }}
),

statements as (
    select
        {{ concat_text(['events.consent_source', 'events.event_scope', 'events.topic',
            'events.event_id'], ':') }} as consent_event_id,
        'statement' as evidence_kind,
        event_subjects.subject_type as spoken_type,
        event_subjects.subject_value as spoken_value,
        events.purpose,
        events.channel,
        case
            when events.consent_state = 'opted_in' and events.proof is null then 'unknown'
            else events.consent_state
        end as consent_state,
        effects.fact,
        events.consent_source,
        coalesce(events.proof, events.event_id) as proof,
        events.consented_at as occurred_at,
        events.received_at as learned_at
    from events
    inner join event_subjects
        on events.ledger_sequence = event_subjects.ledger_sequence
    left join effects
        on effects.evidence_kind = 'topic'
        and events.topic = effects.term
        and events.purpose = effects.purpose
        and events.channel = effects.channel
),

asked as (
    select
        {{ concat_text(['requests.request_source', 'requests.event_scope', 'requests.topic',
            'requests.event_id'], ':') }} as consent_event_id,
        'statement' as evidence_kind,
        request_subjects.subject_type as spoken_type,
        request_subjects.subject_value as spoken_value,
        effects.purpose,
        effects.channel,
        effects.consent_state,
        effects.fact,
        requests.request_source as consent_source,
        requests.event_id as proof,
        requests.requested_at as occurred_at,
        requests.received_at as learned_at
    from requests
    inner join request_subjects
        on requests.ledger_sequence = request_subjects.ledger_sequence
    inner join effects
        on effects.evidence_kind = 'request'
        and requests.request_kind = effects.term
),

spoken as (
    select * from statements
    union all
    select * from asked
),

owned as (
    select
        spoken.*,
        owners.customer_id,
        coalesce(
            owners.subject_type,
            case
                when spoken.spoken_type = 'browser_id' then 'anonymous_id'
                else spoken.spoken_type
            end
        ) as subject_type,
        coalesce(owners.subject_value, spoken.spoken_value) as subject_value,
        case
            when spoken.spoken_type = 'phone_sha256' and spoken.channel = 'email' then 0
            when spoken.spoken_type = 'email_sha256' and spoken.channel = 'sms' then 0
            else 1
        end as serving
    from spoken
    left join owners
        on spoken.spoken_type = owners.spoken_type
        and spoken.spoken_value = owners.spoken_value
),

together as (
    select
        *,
        max(serving) over (partition by consent_event_id, purpose, channel) as most_serving,
        min(customer_id) over (partition by consent_event_id, purpose, channel)
            as first_customer_id,
        max(customer_id) over (partition by consent_event_id, purpose, channel)
            as last_customer_id
    from owned
),

{# An address that identity does not know yet belongs to whoever else the statement names. #}
final as (
    select
        consent_event_id,
        coalesce(customer_id, first_customer_id) as customer_id,
        subject_type,
        subject_value,
        case when subject_type = 'email_sha256' then subject_value end as email_sha256,
        case when subject_type = 'phone_sha256' then subject_value end as phone_sha256,
        evidence_kind,
        purpose,
        channel,
        case
            when consent_state = 'opted_in' and first_customer_id <> last_customer_id
                then 'unknown'
            else consent_state
        end as consent_state,
        fact,
        consent_source,
        proof,
        cast(null as {{ dbt.type_string() }}) as jurisdiction,
        true as is_explicit,
        occurred_at,
        learned_at
    from together
    where serving = most_serving
)

select * from final
