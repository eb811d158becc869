with

sessions as (
    select * from {{ ref('fct_sessions') }}
    where customer_id is not null
),

final as (
    select
        {{ md5_hex("'session|' || session_id") }} as touch_id,
        customer_id,
        session_id,
        channel,
        campaign_id,
        ad_id,
        evidence,
        started_at as touched_at
    from sessions
)

select * from final
