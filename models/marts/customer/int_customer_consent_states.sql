{{ config(materialized='ephemeral', access='private') }}

{# Of each customer her states now, and the standing suppressions under her id or under the
   address and phone she is reached by. #}

with

contacts as (
    select
        customer_id,
        {{ subject_email_sha256('email') }} as email_sha256,
        {{ subject_phone_sha256('phone_number') }} as phone_sha256
    from {{ ref('int_customer_contacts') }}
),

history as (
    select * from {{ ref('fct_consent_history') }}
    where valid_to is null
),

suppressions as (
    select * from {{ ref('fct_suppressions') }}
),

consent_events as (
    select * from {{ ref('int_consent_events') }}
    where customer_id is not null
),

inherited as (
    select * from {{ ref('int_consent_inherited') }}
    where inheritance in ('deletion', 'minor', 'gpc')
),

customers as (
    select customer_id from {{ ref('customer_seeds') }}
),

subjects as (
    select
        customer_id,
        'customer_id' as subject_type,
        customer_id as subject_value
    from customers
    union all
    select
        customer_id,
        'email_sha256' as subject_type,
        email_sha256 as subject_value
    from contacts
    where email_sha256 is not null
    union all
    select
        customer_id,
        'phone_sha256' as subject_type,
        phone_sha256 as subject_value
    from contacts
    where phone_sha256 is not null
),

suppressed as (
    select
        subjects.customer_id,
        max(case when suppressions.channel = 'email' then 1 else 0 end) as email_count,
        max(case when suppressions.channel = 'sms' then 1 else 0 end) as sms_count,
        max(case when suppressions.channel = 'ads' then 1 else 0 end) as ads_count
    from subjects
    inner join suppressions
        on subjects.subject_type = suppressions.subject_type
        and subjects.subject_value = suppressions.subject_value
    group by subjects.customer_id
),

{# Of the span that holds now: what it says, which source began it, and when. #}
states as (
    select
        {%- for name, channels in [
            ('email_marketing', "purpose = 'marketing' and channel = 'email'"),
            ('sms_marketing', "purpose = 'marketing' and channel = 'sms'"),
            ('ads_sharing', "purpose = 'ads_sharing'"),
            ('sale', "purpose = 'sale'"),
            ('profiling', "purpose = 'profiling'")
        ] %}
            max(case when {{ channels }} then consent_state end) as {{ name }}_state,
            max(case when {{ channels }} then consent_source end) as {{ name }}_source,
            max(case when {{ channels }} then valid_from end) as {{ name }}_stated_at,
        {%- endfor %}
        customer_id
    from history
    group by customer_id
),

proven as (
    select
        customer_id,
        fact,
        jurisdiction,
        occurred_at
    from consent_events
    union all
    select
        customer_id,
        inheritance as fact,
        jurisdiction,
        valid_from as occurred_at
    from inherited
),

{# Facts that do not lapse with a later yes. #}
facts as (
    select
        customer_id,
        max(case when fact = 'deletion' then 1 else 0 end) as deletion_count,
        max(case when fact = 'minor' then 1 else 0 end) as minor_count,
        max(case when fact = 'bounce' then 1 else 0 end) as bounce_count,
        max(case when fact = 'complaint' then 1 else 0 end) as complaint_count,
        max(case when upper(jurisdiction) = 'US-CA' then 1 else 0 end) as california_count,
        max(case when fact = 'gpc' then occurred_at end) as gpc_seen_at
    from proven
    group by customer_id
),

final as (
    select
        customers.customer_id,
        coalesce(states.email_marketing_state, 'unknown') as email_marketing_state,
        coalesce(states.sms_marketing_state, 'unknown') as sms_marketing_state,
        coalesce(states.ads_sharing_state, 'unknown') as ads_sharing_state,
        coalesce(states.sale_state, 'unknown') as sale_state,
        coalesce(states.profiling_state, 'unknown') as profiling_state,
        states.email_marketing_source,
        states.sms_marketing_source,
        states.ads_sharing_source,
        states.sale_source,
        states.profiling_source,
        coalesce(suppressed.email_count, 0) = 1 as is_email_suppressed,
        coalesce(suppressed.sms_count, 0) = 1 as is_sms_suppressed,
        coalesce(suppressed.ads_count, 0) = 1 as is_ads_suppressed,
        coalesce(facts.deletion_count, 0) = 1 as is_deletion_requested,
        coalesce(facts.minor_count, 0) = 1 as is_minor,
        coalesce(facts.bounce_count, 0) = 1 as has_bounced,
        coalesce(facts.complaint_count, 0) = 1 as has_complained,
        coalesce(facts.california_count, 0) = 1 as has_californian_consent,
        states.email_marketing_stated_at,
        states.sms_marketing_stated_at,
        states.ads_sharing_stated_at,
        states.sale_stated_at,
        states.profiling_stated_at,
        facts.gpc_seen_at
    from customers
    left join states
        on customers.customer_id = states.customer_id
    left join suppressed
        on customers.customer_id = suppressed.customer_id
    left join facts
        on customers.customer_id = facts.customer_id
)

select * from final
