{{ config(access='private') }}

{# How the orders of the survey's window were clicked, seen from what a platform may claim: a click
   of the device that ordered, within the platform's own window; only of another device, which our
   identity graph knows and the platform need not; or only before the window began. An order whose
   device nobody recorded counts as one of the same. #}

with

settings as (
    select * from {{ ref('int_claim_settings') }}
),

orders as (
    select order_id
    from {{ ref('int_survey_orders') }}
),

placements as (
    select
        {{ concat_text(['source_relation', 'shopify_order_id'], ':') }} as order_id,
        anonymous_id
    from {{ ref('stg_web__events') }}
    where event_name = 'order_completed' and shopify_order_id is not null
    group by {{ concat_text(['source_relation', 'shopify_order_id'], ':') }}, anonymous_id
),

placed_orders as (
    select order_id
    from placements
    group by order_id
),

clicks as (
    select
        credits.order_id,
        credits.channel,
        sessions.anonymous_id,
        credits.touched_at >= {{ dbt.dateadd(
            'day', '-1 * settings.click_window_days', 'credits.ordered_at'
        ) }} as is_in_window
    from {{ ref('fct_order_credits') }} as credits
    inner join settings
        on credits.channel = settings.channel
    left join {{ ref('fct_touches') }} as touches
        on credits.touch_id = touches.touch_id
    left join {{ ref('fct_sessions') }} as sessions
        on touches.session_id = sessions.session_id
    {# The linear model credits every touch of the path. #}
    where credits.attribution_model = 'linear' and credits.credit_ratio > 0
),

judged as (
    select
        clicks.order_id,
        clicks.channel,
        max(case when clicks.is_in_window then 1 else 0 end) as window_click_count,
        max(
            case
                when clicks.is_in_window
                    and (placements.order_id is not null or placed_orders.order_id is null)
                    then 1
                else 0
            end
        ) as device_click_count
    from clicks
    inner join orders
        on clicks.order_id = orders.order_id
    left join placements
        on clicks.order_id = placements.order_id
        and clicks.anonymous_id = placements.anonymous_id
    left join placed_orders
        on clicks.order_id = placed_orders.order_id
    group by clicks.order_id, clicks.channel
),

counted as (
    select
        channel,
        count(*) as clicked_order_count,
        sum(device_click_count) as matched_order_count,
        sum(window_click_count - device_click_count) as other_device_order_count,
        sum(1 - window_click_count) as late_order_count
    from judged
    group by channel
),

credited as (
    select
        credits.channel,
        sum(credits.credit_ratio) as credited_order_count
    from {{ ref('fct_order_credits') }} as credits
    inner join orders
        on credits.order_id = orders.order_id
    where credits.attribution_model = '{{ var("margin_attribution_model") }}'
    group by credits.channel
),

final as (
    select
        settings.channel,
        cast(coalesce(counted.clicked_order_count, 0) as {{ dbt.type_bigint() }})
            as clicked_order_count,
        cast(coalesce(counted.matched_order_count, 0) as {{ dbt.type_bigint() }})
            as matched_order_count,
        cast(coalesce(counted.other_device_order_count, 0) as {{ dbt.type_bigint() }})
            as other_device_order_count,
        cast(coalesce(counted.late_order_count, 0) as {{ dbt.type_bigint() }}) as late_order_count,
        cast(coalesce(credited.credited_order_count, 0) as decimal(18, 6)) as credited_order_count
    from settings
    left join counted
        on settings.channel = counted.channel
    left join credited
        on settings.channel = credited.channel
)

select * from final
