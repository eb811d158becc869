with

sessions as (
    select * from {{ ref('fct_sessions') }}
    where customer_id is not null
),

objections as (
    select
        customer_id,
        valid_from,
        valid_to
    from {{ ref('int_consent_by_subject') }}
    where
        customer_id is not null
        and consent_state = 'opted_out'
        and purpose in ('ads_sharing', 'sale', 'profiling')
),

objected as (
    select sessions.session_id
    from sessions
    inner join objections
        on sessions.customer_id = objections.customer_id
        and sessions.started_at >= objections.valid_from
        and (objections.valid_to is null or sessions.started_at < objections.valid_to)
    group by sessions.session_id
),

final as (
    select
        {{ md5_hex("'session|' || sessions.session_id") }} as touch_id,
        sessions.customer_id,
        sessions.session_id,
        sessions.channel,
        sessions.campaign_id,
        sessions.ad_id,
        sessions.utm_campaign,
        case when sessions.channel = 'direct' then 'direct' else 'click' end as touch_type,
        sessions.evidence,
        objected.session_id is null and not sessions.has_gpc as consent_ok,
        sessions.started_at as touched_at
    from sessions
    left join objected
        on sessions.session_id = objected.session_id
)

select * from final
