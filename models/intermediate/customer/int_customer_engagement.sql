{# What a customer last did with mail, and whether she is on a list. A machine that opens mail
   is no one's engagement. #}

with

identity_map as (
    select * from {{ ref('identity_map') }}
    where identifier_type = 'klaviyo_profile_id'
),

mail_events as (
    select * from {{ ref('stg_klaviyo__events') }}
),

metrics as (
    select * from {{ ref('stg_klaviyo__metrics') }}
    where lower(metric_name) in ('opened email', 'clicked email', 'clicked sms')
),

memberships as (
    select * from {{ ref('stg_klaviyo__list_profiles') }}
),

engagements as (
    select
        mail_events.source_relation,
        mail_events.klaviyo_profile_id,
        max(mail_events.occurred_at) as last_engaged_at
    from mail_events
    inner join metrics
        on mail_events.source_relation = metrics.source_relation
        and mail_events.klaviyo_metric_id = metrics.klaviyo_metric_id
    where not mail_events.is_machine_open
    group by mail_events.source_relation, mail_events.klaviyo_profile_id
),

listed as (
    select
        source_relation,
        klaviyo_profile_id,
        count(*) as list_count
    from memberships
    group by source_relation, klaviyo_profile_id
),

final as (
    select
        identity_map.customer_id,
        coalesce(max(listed.list_count), 0) > 0 as is_on_list,
        max(engagements.last_engaged_at) as last_engaged_at
    from identity_map
    left join engagements
        on identity_map.identifier_scope = engagements.source_relation
        and identity_map.identifier_value = engagements.klaviyo_profile_id
    left join listed
        on identity_map.identifier_scope = listed.source_relation
        and identity_map.identifier_value = listed.klaviyo_profile_id
    group by identity_map.customer_id
)

select * from final
