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
        occurred_at,
        lag(occurred_at) over (
            partition by source_relation, anonymous_id order by occurred_at, web_event_id
        ) as previous_at
    from events
),

starts as (
    select
        source_relation,
        web_event_id,
        anonymous_id,
        occurred_at,
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
        source_relation,
        web_event_id,
        anonymous_id,
        is_start,
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
        numbered.source_relation,
        numbered.web_event_id,
        first_events.session_id,
        numbered.is_start = 1 as is_first_event
    from numbered
    inner join first_events
        on
            numbered.source_relation = first_events.source_relation
            and numbered.anonymous_id = first_events.anonymous_id
            and numbered.session_number = first_events.session_number
)

select * from final
