{# What the web knows of an order: the click id of the visit that last_non_direct credits, and the
   browser and page in which the order itself was placed. No IP address: it stays in raw. #}

with

order_credits as (
    select * from {{ ref('fct_order_credits') }}
    where attribution_model = 'last_non_direct'
),

touches as (
    select * from {{ ref('fct_touches') }}
),

session_events as (
    select * from {{ ref('int_session_events') }}
),

session_clicks as (
    select
        session_id,
        lower(click_id_type) as click_id_type,
        click_id,
        occurred_at,
        row_number() over (
            partition by session_id order by occurred_at, web_event_id
        ) as click_rank
    from session_events
    where click_id is not null and click_id_type is not null
),

credited_clicks as (
    select
        order_credits.order_id,
        touches.session_id,
        session_clicks.click_id_type,
        session_clicks.click_id,
        session_clicks.occurred_at as clicked_at
    from order_credits
    inner join touches
        on order_credits.touch_id = touches.touch_id
    inner join session_clicks
        on touches.session_id = session_clicks.session_id
        and session_clicks.click_rank = 1
),

placements as (
    select
        {{ concat_text(['source_relation', 'shopify_order_id'], ':') }} as order_id,
        user_agent,
        page_address,
        row_number() over (
            partition by source_relation, shopify_order_id order by occurred_at, web_event_id
        ) as placement_rank
    from session_events
    where shopify_order_id is not null and event_name = 'order_completed'
),

first_placements as (
    select *
    from placements
    where placement_rank = 1
),

final as (
    select
        order_credits.order_id,
        credited_clicks.session_id,
        credited_clicks.click_id,
        credited_clicks.click_id_type,
        first_placements.user_agent,
        first_placements.page_address,
        credited_clicks.clicked_at
    from order_credits
    left join credited_clicks
        on order_credits.order_id = credited_clicks.order_id
    left join first_placements
        on order_credits.order_id = first_placements.order_id
    where credited_clicks.order_id is not null or first_placements.order_id is not null
)

select * from final
