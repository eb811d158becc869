{{ config(materialized='ephemeral') }}

{# What people did: mail they left, reported or never got, and browsers that say Global Privacy
   Control. Of each browser, address and day the first signal counts; a later event without the
   header says nothing. An address or account typed under the signal is bound besides the
   browser, because a browser that several people share belongs to none of them. #}

with

mail_events as (
    select * from {{ ref('stg_klaviyo__events') }}
),

metrics as (
    select * from {{ ref('stg_klaviyo__metrics') }}
),

profiles as (
    select * from {{ ref('stg_klaviyo__persons') }}
),

effects as (
    select term
    from {{ ref('consent_effects') }}
    where evidence_kind = 'mail_event'
    group by term
),

web_events as (
    select * from {{ ref('stg_web__events') }}
    where sec_gpc = '1'
),

named_mail_events as (
    select
        mail_events.source_relation,
        mail_events.klaviyo_event_id,
        mail_events.klaviyo_profile_id,
        mail_events.occurred_at,
        case
            when mail_events.bounce_type is null then lower(metrics.metric_name)
            else lower(metrics.metric_name) || ': ' || lower(mail_events.bounce_type)
        end as term
    from mail_events
    inner join metrics
        on mail_events.source_relation = metrics.source_relation
        and mail_events.klaviyo_metric_id = metrics.klaviyo_metric_id
),

mail_signals as (
    select
        {{ concat_text(["'mail_event'", 'named_mail_events.source_relation',
            'named_mail_events.klaviyo_event_id'], '|') }} as consent_event_id,
        'mail_event' as evidence_kind,
        named_mail_events.term,
        named_mail_events.source_relation,
        'klaviyo_profile_id' as record_type,
        named_mail_events.klaviyo_profile_id as record_id,
        profiles.email,
        profiles.phone_number,
        cast(null as {{ dbt.type_string() }}) as purpose,
        cast(null as {{ dbt.type_string() }}) as channel,
        true as is_explicit,
        'mail_event' as consent_source,
        named_mail_events.klaviyo_event_id as proof,
        cast(null as {{ dbt.type_string() }}) as jurisdiction,
        cast(null as {{ dbt.type_timestamp() }}) as learned_at,
        named_mail_events.occurred_at
    from named_mail_events
    inner join effects
        on named_mail_events.term = effects.term
    left join profiles
        on named_mail_events.source_relation = profiles.source_relation
        and named_mail_events.klaviyo_profile_id = profiles.klaviyo_profile_id
),

browser_bearers as (
    select
        source_relation,
        'anonymous_id' as record_type,
        anonymous_id as record_id,
        cast(null as {{ dbt.type_string() }}) as email,
        web_event_id,
        received_at,
        occurred_at
    from web_events
    union all
    select
        source_relation,
        case when user_id is not null then 'shopify_customer_id' end as record_type,
        user_id as record_id,
        email,
        web_event_id,
        received_at,
        occurred_at
    from web_events
    where user_id is not null or email is not null
),

ordered_signals as (
    select
        *,
        row_number() over (
            partition by source_relation, record_type, record_id, email, cast(occurred_at as date)
            order by occurred_at, web_event_id
        ) as place
    from browser_bearers
),

browser_signals as (
    select
        {{ concat_text(["'web_event'", 'source_relation', 'web_event_id',
            "coalesce(record_type, 'email')"], '|') }} as consent_event_id,
        'signal' as evidence_kind,
        'gpc' as term,
        source_relation,
        record_type,
        record_id,
        email,
        cast(null as {{ dbt.type_string() }}) as phone_number,
        cast(null as {{ dbt.type_string() }}) as purpose,
        cast(null as {{ dbt.type_string() }}) as channel,
        true as is_explicit,
        'sec_gpc' as consent_source,
        web_event_id as proof,
        cast(null as {{ dbt.type_string() }}) as jurisdiction,
        received_at as learned_at,
        occurred_at
    from ordered_signals
    where place = 1
),

final as (
    select * from mail_signals
    union all
    select * from browser_signals
)

select * from final
