{# Events of a browser cut into sessions wherever it was silent for session_timeout_minutes. Days do
   not matter: a session open at midnight stays one. #}

with

events as (
    select * from {{ ref('stg_web__events') }}
),

gaps as (
    select
        source_relation,
        web_event_id,
        anonymous_id,
        event_name,
        page_path,
        sec_gpc,
        utm_id,
        utm_source,
        utm_medium,
        utm_campaign,
        utm_content,
        click_id,
        click_id_type,
        user_agent,
        {{ dbt.split_part('page_url', "'?'", 1) }} as page_address,
        shopify_order_id,
        case when referrer_url is not null then {{ url_domain('referrer_url') }} end
            as referrer_domain,
        case when referrer_url is not null then {{ url_domain('page_url') }} end as page_domain,
        occurred_at,
        lag(occurred_at) over (
            partition by source_relation, anonymous_id order by occurred_at, web_event_id
        ) as previous_at
    from events
),

starts as (
    select
        *,
        case
            when previous_at is null then 1
            when
                occurred_at
                > {{ dbt.dateadd('minute', var('session_timeout_minutes', 30), 'previous_at') }}
                then 1
            else 0
        end as is_start
    from gaps
),

numbered as (
    select
        *,
        sum(is_start) over (
            partition by source_relation, anonymous_id
            order by occurred_at, web_event_id
            rows between unbounded preceding and current row
        ) as session_number
    from starts
),

first_events as (
    select
        source_relation,
        anonymous_id,
        session_number,
        {{ md5_hex(concat_text(['source_relation', 'anonymous_id', 'web_event_id'], '|')) }}
            as session_id
    from numbered
    where is_start = 1
),

final as (
    select
        first_events.session_id,
        numbered.source_relation,
        numbered.web_event_id,
        numbered.anonymous_id,
        numbered.event_name,
        numbered.page_path,
        numbered.utm_id,
        numbered.utm_source,
        numbered.utm_medium,
        numbered.utm_campaign,
        numbered.utm_content,
        numbered.click_id,
        numbered.click_id_type,
        numbered.user_agent,
        numbered.page_address,
        numbered.shopify_order_id,
        case
            when numbered.referrer_domain = numbered.page_domain then null
            else numbered.referrer_domain
        end as referrer_domain,
        numbered.is_start = 1 as is_first_event,
        coalesce(numbered.sec_gpc = '1', false) as has_gpc,
        numbered.occurred_at
    from numbered
    inner join first_events
        on numbered.source_relation = first_events.source_relation
        and numbered.anonymous_id = first_events.anonymous_id
        and numbered.session_number = first_events.session_number
)

select * from final
