{{ config(materialized='ephemeral') }}

{# What people said themselves: choices in forms, and privacy requests. An account stands for
   its address and phone: who opts out by one may opt in again by the other. #}

with

consent_events as (
    select * from {{ ref('stg_privacy__consent_events') }}
),

requests as (
    select * from {{ ref('stg_privacy__requests') }}
),

accounts as (
    select
        source_relation,
        cast(shopify_customer_id as {{ dbt.type_string() }}) as record_id,
        email,
        phone_number
    from {{ ref('stg_shopify__customers') }}
),

choices as (
    select
        {{ concat_text(["'consent_event'", 'source_relation', 'consent_event_id'], '|') }}
            as consent_event_id,
        'choice' as evidence_kind,
        lower(consent_state) as term,
        source_relation,
        case when identifier_type not in ('email', 'phone') then identifier_type end as record_type,
        case when identifier_type not in ('email', 'phone') then identifier_value end as record_id,
        case when identifier_type = 'email' then identifier_value end as email,
        case when identifier_type = 'phone' then identifier_value end as phone_number,
        lower(purpose) as purpose,
        lower(channel) as channel,
        true as is_explicit,
        consent_source,
        proof,
        jurisdiction,
        cast(null as {{ dbt.type_timestamp() }}) as learned_at,
        occurred_at
    from consent_events
),

asked as (
    select
        {{ concat_text(["'privacy_request'", 'source_relation', 'privacy_request_id'], '|') }}
            as consent_event_id,
        'request' as evidence_kind,
        lower(request_kind) as term,
        source_relation,
        case when shopify_customer_id is not null then 'shopify_customer_id' end as record_type,
        cast(shopify_customer_id as {{ dbt.type_string() }}) as record_id,
        email,
        phone_number,
        cast(null as {{ dbt.type_string() }}) as purpose,
        cast(null as {{ dbt.type_string() }}) as channel,
        true as is_explicit,
        coalesce(request_source, 'privacy_request') as consent_source,
        privacy_request_id as proof,
        cast(null as {{ dbt.type_string() }}) as jurisdiction,
        cast(null as {{ dbt.type_timestamp() }}) as learned_at,
        requested_at as occurred_at
    from requests
),

spoken as (
    select * from choices
    union all
    select * from asked
),

final as (
    select
        spoken.consent_event_id,
        spoken.evidence_kind,
        spoken.term,
        spoken.source_relation,
        spoken.record_type,
        spoken.record_id,
        coalesce(spoken.email, accounts.email) as email,
        coalesce(spoken.phone_number, accounts.phone_number) as phone_number,
        spoken.purpose,
        spoken.channel,
        spoken.is_explicit,
        spoken.consent_source,
        spoken.proof,
        spoken.jurisdiction,
        spoken.learned_at,
        spoken.occurred_at
    from spoken
    left join accounts
        on spoken.source_relation = accounts.source_relation
        and spoken.record_type = 'shopify_customer_id'
        and spoken.record_id = accounts.record_id
)

select * from final
