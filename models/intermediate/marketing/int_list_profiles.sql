{# A profile is billed as long as it has an address that may be written to, whether it subscribed
   or only checked out. Who left, left for the gravest reason that is known, at its first time. #}

with

persons as (
    select
        *,
        source_relation || ':' || klaviyo_profile_id as profile_id
    from {{ ref('stg_klaviyo__persons') }}
),

subscriptions as (
    select
        *,
        source_relation || ':' || klaviyo_profile_id as profile_id
    from {{ ref('stg_klaviyo__profile_subscriptions') }}
    where channel = 'email'
),

events as (
    select * from {{ ref('int_email_events') }}
),

rules as (
    select * from {{ ref('int_list_rules') }}
),

identity_map as (
    select * from {{ ref('identity_map') }}
    where identifier_type = 'klaviyo_profile_id'
),

domain_groups as (
    select * from {{ ref('mail_domain_groups') }}
),

deliveries as (
    select
        profile_id,
        event_kind,
        occurred_at,
        sum(case when event_kind = 'soft_bounce' then 0 else 1 end) over (
            partition by profile_id
            order by occurred_at, email_event_id
            rows between unbounded preceding and current row
        ) as received_count
    from events
    where event_kind in ('received', 'soft_bounce')
),

soft_bounces as (
    select
        profile_id,
        occurred_at,
        row_number() over (
            partition by profile_id, received_count
            order by occurred_at
        ) as bounces_in_row
    from deliveries
    where event_kind = 'soft_bounce'
),

departures as (
    select
        profile_id,
        case when event_kind = 'complaint' then 'complained' else 'hard_bounced' end as list_state,
        occurred_at as left_at
    from events
    where event_kind in ('complaint', 'hard_bounce')
    union all
    select
        soft_bounces.profile_id,
        'hard_bounced' as list_state,
        soft_bounces.occurred_at as left_at
    from soft_bounces
    inner join rules
        on soft_bounces.bounces_in_row > rules.soft_bounces_maximum
    union all
    select
        profile_id,
        case
            when suppression_reason = 'SPAM_COMPLAINT' then 'complained'
            when suppression_reason in ('HARD_BOUNCE', 'INVALID_EMAIL') then 'hard_bounced'
            when suppression_reason = 'UNSUBSCRIBE' or suppression_reason is null
                then 'unsubscribed'
            else 'suppressed'
        end as list_state,
        coalesce(suppressed_at, consented_at, updated_at) as left_at
    from subscriptions
    where suppression_reason is not null or consent_state = 'UNSUBSCRIBED'
),

ranked as (
    select
        profile_id,
        list_state,
        row_number() over (
            partition by profile_id
            order by
                case list_state
                    when 'complained' then 0
                    when 'hard_bounced' then 1
                    when 'unsubscribed' then 2
                    else 3
                end,
                left_at
        ) as place,
        min(left_at) over (partition by profile_id) as left_at
    from departures
),

final as (
    select
        persons.profile_id,
        persons.source_relation,
        identity_map.customer_id,
        case
            when persons.email is null then 'no_address'
            when ranked.list_state is not null then ranked.list_state
            when subscriptions.consent_state = 'SUBSCRIBED' then 'subscribed'
            else 'never_subscribed'
        end as list_state,
        coalesce(domain_groups.domain_group, 'other') as domain_group,
        persons.email is not null and ranked.profile_id is null as is_billable,
        persons.created_at,
        ranked.left_at
    from persons
    left join subscriptions
        on persons.profile_id = subscriptions.profile_id
    left join ranked
        on persons.profile_id = ranked.profile_id
        and ranked.place = 1
    left join identity_map
        on persons.source_relation = identity_map.identifier_scope
        and persons.klaviyo_profile_id = identity_map.identifier_value
    left join domain_groups
        on lower({{ dbt.split_part('persons.email', "'@'", 2) }}) = domain_groups.mail_domain
)

select * from final
