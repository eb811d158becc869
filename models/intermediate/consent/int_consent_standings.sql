{{ config(materialized='ephemeral') }}

{# What shop and mail tool hold now: a state without its past. Such a state says yes only where
   it was confirmed by the person; a resync that calls everybody subscribed must lift nothing.
   Without a time of its own a yes is as old as the record, a no as new as its last change. #}

with

accounts as (
    select * from {{ ref('stg_shopify__customers') }}
),

subscriptions as (
    select * from {{ ref('stg_klaviyo__profile_subscriptions') }}
),

profiles as (
    select * from {{ ref('stg_klaviyo__persons') }}
),

account_channels as (
    select
        source_relation,
        shopify_customer_id,
        email,
        phone_number,
        'email' as channel,
        lower(email_marketing_state) as term,
        email_marketing_opt_in_level as opt_in_level,
        email_marketing_updated_at as stated_at,
        created_at,
        updated_at
    from accounts
    where email_marketing_state is not null
    union all
    select
        source_relation,
        shopify_customer_id,
        email,
        phone_number,
        'sms' as channel,
        lower(sms_marketing_state) as term,
        sms_marketing_opt_in_level as opt_in_level,
        sms_marketing_updated_at as stated_at,
        created_at,
        updated_at
    from accounts
    where sms_marketing_state is not null
),

account_standings as (
    select
        {{ concat_text(["'account'", 'source_relation', 'shopify_customer_id', 'channel',
            'term'], '|') }} as consent_event_id,
        'standing' as evidence_kind,
        term,
        source_relation,
        'shopify_customer_id' as record_type,
        cast(shopify_customer_id as {{ dbt.type_string() }}) as record_id,
        email,
        phone_number,
        'marketing' as purpose,
        channel,
        coalesce(lower(opt_in_level) = 'confirmed_opt_in', false) as is_explicit,
        'shop_account' as consent_source,
        opt_in_level as proof,
        cast(null as {{ dbt.type_string() }}) as jurisdiction,
        cast(null as {{ dbt.type_timestamp() }}) as learned_at,
        case
            when stated_at is not null then stated_at
            when term in ('unsubscribed', 'redacted') then coalesce(updated_at, created_at)
            else created_at
        end as occurred_at
    from account_channels
),

profile_channels as (
    select
        subscriptions.source_relation,
        subscriptions.klaviyo_profile_id,
        profiles.email,
        profiles.phone_number,
        lower(subscriptions.channel) as channel,
        lower(subscriptions.consent_state) as term,
        lower(subscriptions.suppression_reason) as suppression_reason,
        subscriptions.consent_method,
        subscriptions.is_double_opt_in,
        subscriptions.consented_at,
        subscriptions.suppressed_at,
        coalesce(subscriptions.updated_at, profiles.updated_at) as updated_at,
        profiles.created_at
    from subscriptions
    inner join profiles
        on subscriptions.source_relation = profiles.source_relation
        and subscriptions.klaviyo_profile_id = profiles.klaviyo_profile_id
),

profile_standings as (
    select
        {{ concat_text(["'profile'", 'source_relation', 'klaviyo_profile_id', 'channel',
            'term'], '|') }} as consent_event_id,
        'standing' as evidence_kind,
        term,
        source_relation,
        'klaviyo_profile_id' as record_type,
        klaviyo_profile_id as record_id,
        email,
        phone_number,
        'marketing' as purpose,
        channel,
        is_double_opt_in as is_explicit,
        coalesce(consent_method, 'profile') as consent_source,
        case when is_double_opt_in then 'double_opt_in' end as proof,
        cast(null as {{ dbt.type_string() }}) as jurisdiction,
        cast(null as {{ dbt.type_timestamp() }}) as learned_at,
        case
            when term = 'unsubscribed' then coalesce(updated_at, consented_at, created_at)
            else coalesce(consented_at, created_at)
        end as occurred_at
    from profile_channels
),

profile_suppressions as (
    select
        {{ concat_text(["'profile_suppression'", 'source_relation', 'klaviyo_profile_id',
            'channel', 'suppression_reason'], '|') }} as consent_event_id,
        'suppression' as evidence_kind,
        suppression_reason as term,
        source_relation,
        'klaviyo_profile_id' as record_type,
        klaviyo_profile_id as record_id,
        email,
        phone_number,
        cast(null as {{ dbt.type_string() }}) as purpose,
        cast(null as {{ dbt.type_string() }}) as channel,
        false as is_explicit,
        'profile_suppression' as consent_source,
        suppression_reason as proof,
        cast(null as {{ dbt.type_string() }}) as jurisdiction,
        cast(null as {{ dbt.type_timestamp() }}) as learned_at,
        coalesce(suppressed_at, updated_at, created_at) as occurred_at
    from profile_channels
    where suppression_reason is not null
),

final as (
    select * from account_standings
    union all
    select * from profile_standings
    union all
    select * from profile_suppressions
)

select * from final
