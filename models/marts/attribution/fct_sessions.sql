with

session_events as (
    select * from {{ ref('int_session_events') }}
),

session_sources as (
    select * from {{ ref('int_session_sources') }}
),

session_customers as (
    select * from {{ ref('int_session_customers') }}
),

sessions as (
    select
        session_id,
        source_relation,
        anonymous_id,
        max(case when is_first_event then page_path end) as landing_page_path,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        count(*) as event_count,
        sum(case when event_name = 'product_viewed' then 1 else 0 end) as product_view_count,
        sum(case when event_name = 'add_to_cart' then 1 else 0 end) as cart_add_count,
        sum(case when event_name = 'checkout_started' then 1 else 0 end) as checkout_count,
        sum(case when event_name = 'order_completed' then 1 else 0 end) as order_count,
        max(case when has_gpc then 1 else 0 end) as gpc_count
    from session_events
    group by session_id, source_relation, anonymous_id
),

final as (
    select
        sessions.session_id,
        sessions.source_relation,
        sessions.anonymous_id,
        session_customers.customer_id,
        coalesce(session_sources.channel, 'direct') as channel,
        coalesce(session_sources.evidence, 'direct') as evidence,
        session_sources.utm_source,
        session_sources.utm_medium,
        session_sources.utm_campaign,
        session_sources.utm_content,
        session_sources.campaign_id,
        session_sources.ad_id,
        sessions.landing_page_path,
        sessions.event_count,
        cast(sessions.product_view_count as {{ dbt.type_bigint() }}) as product_view_count,
        cast(sessions.cart_add_count as {{ dbt.type_bigint() }}) as cart_add_count,
        cast(sessions.checkout_count as {{ dbt.type_bigint() }}) as checkout_count,
        cast(sessions.order_count as {{ dbt.type_bigint() }}) as order_count,
        sessions.gpc_count = 1 as has_gpc,
        sessions.started_at,
        sessions.ended_at
    from sessions
    left join session_sources
        on sessions.session_id = session_sources.session_id
    left join session_customers
        on sessions.session_id = session_customers.session_id
)

select * from final
