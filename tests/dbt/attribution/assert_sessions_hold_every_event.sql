-- No event is in two sessions or in none.
with

landed as (
    select
        source_relation,
        count(*) as event_count
    from {{ ref('stg_web__events') }}
    group by source_relation
),

sessions as (
    select
        source_relation,
        sum(event_count) as event_count
    from {{ ref('fct_sessions') }}
    group by source_relation
)

select
    landed.source_relation,
    landed.event_count,
    sessions.event_count as session_event_count
from landed
left join sessions
    on landed.source_relation = sessions.source_relation
where landed.event_count <> coalesce(sessions.event_count, 0)
