{# Evidence resolved to customers. Addresses leave here as our own digests: nothing after this
   model needs to read them. #}

with

statements as (
    select * from {{ ref('int_consent_statements') }}
),

standings as (
    select * from {{ ref('int_consent_standings') }}
),

signals as (
    select * from {{ ref('int_consent_signals') }}
),

effects as (
    select * from {{ ref('consent_effects') }}
),

states as (
    select * from {{ ref('consent_states') }}
),

scopes as (
    select * from {{ ref('consent_scopes') }}
),

identity_map as (
    select * from {{ ref('identity_map') }}
),

ledger_events as (
    select * from {{ ref('int_consent_ledger_events') }}
),

evidence as (
    select * from statements
    union all
    select * from standings
    union all
    select * from signals
),

digested as (
    select
        *,
        {{ subject_email_sha256('email') }} as email_sha256,
        {{ subject_phone_sha256('phone_number') }} as phone_sha256,
        {{ normalise_email_for_matching('email') }} as matching_email
    from evidence
),

{# An opt-out that names no known channel counts for every channel of its purpose. #}
stated as (
    select
        digested.*,
        scopes.purpose as scope_purpose,
        scopes.channel as scope_channel,
        coalesce(states.consent_state, 'unknown') as consent_state,
        cast(null as {{ dbt.type_string() }}) as fact
    from digested
    left join states
        on digested.term = states.term
    inner join scopes
        on (
            digested.purpose = scopes.purpose
            or (digested.purpose = 'all' and states.consent_state = 'opted_out')
        )
        and (
            digested.channel = scopes.channel
            or scopes.purpose <> 'marketing'
            or (digested.channel = 'all' and states.consent_state = 'opted_out')
        )
    where digested.purpose is not null
),

implied as (
    select
        digested.*,
        effects.purpose as scope_purpose,
        effects.channel as scope_channel,
        effects.consent_state,
        effects.fact
    from digested
    inner join effects
        on digested.evidence_kind = effects.evidence_kind
        and digested.term = effects.term
    where digested.purpose is null
),

scoped as (
    select * from stated
    union all
    select * from implied
),

{# Whose word it is: the address, or for texts the phone, so that a yes lifts only the no of
   that very address; where there is none, the record or browser that spoke. #}
resolved as (
    select
        scoped.consent_event_id,
        coalesce(record.customer_id, email.customer_id, phone.customer_id) as customer_id,
        case
            when scoped.scope_channel = 'sms' and scoped.phone_sha256 is not null
                then 'phone_sha256'
            when scoped.email_sha256 is not null then 'email_sha256'
            when scoped.record_type is not null then scoped.record_type
            when scoped.phone_sha256 is not null then 'phone_sha256'
        end as subject_type,
        case
            when scoped.scope_channel = 'sms' and scoped.phone_sha256 is not null
                then scoped.phone_sha256
            when scoped.email_sha256 is not null then scoped.email_sha256
            when scoped.record_type is not null
                then {{ concat_text(['scoped.source_relation', 'scoped.record_id'], '|') }}
            else scoped.phone_sha256
        end as subject_value,
        scoped.email_sha256,
        scoped.phone_sha256,
        scoped.evidence_kind,
        scoped.scope_purpose as purpose,
        scoped.scope_channel as channel,
        scoped.consent_state,
        scoped.fact,
        scoped.consent_source,
        scoped.proof,
        scoped.jurisdiction,
        scoped.is_explicit,
        scoped.occurred_at,
        scoped.learned_at
    from scoped
    left join identity_map as record
        on scoped.record_type = record.identifier_type
        and scoped.source_relation = record.identifier_scope
        and scoped.record_id = record.identifier_value
    left join identity_map as email
        on scoped.matching_email = email.identifier_value
        and email.identifier_type = 'email'
    left join identity_map as phone
        on scoped.phone_number = phone.identifier_value
        and phone.identifier_type = 'phone'
),

final as (
    {%- for source in ['resolved', 'ledger_events'] %}
        select
            consent_event_id,
            customer_id,
            subject_type,
            subject_value,
            email_sha256,
            phone_sha256,
            evidence_kind,
            purpose,
            channel,
            consent_state,
            fact,
            consent_source,
            proof,
            jurisdiction,
            is_explicit,
            occurred_at,
            learned_at
        from {{ source }}
        {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
