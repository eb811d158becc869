{{ config(access='private') }}

{# What went wrong with an offer, from when to when, of every kind. Neighbouring spans of one
   severity are one incident. A first review becomes one when it lasts longer than the vendor
   says. #}

with

rules as (
    select * from {{ ref('int_feed_rules') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

spans as (
    select
        *,
        case when severity in ('S0', 'S1', 'S2', 'L') then severity else 'fine' end as trouble,
        lag(case when severity in ('S0', 'S1', 'S2', 'L') then severity else 'fine' end) over (
            partition by feed_offer_id, country_code, reporting_context order by valid_from
        ) as previous_trouble
    from {{ ref('feed_item_status') }}
),

numbered as (
    select
        *,
        sum(case when previous_trouble = trouble then 0 else 1 end) over (
            partition by feed_offer_id, country_code, reporting_context
            order by valid_from
            rows between unbounded preceding and current row
        ) as run_number
    from spans
),

runs as (
    select
        feed_offer_id,
        country_code,
        reporting_context,
        trouble,
        run_number,
        min(issue_code) as issue_code,
        max(case when has_unmapped_code then 1 else 0 end) as unmapped_count,
        min(valid_from) as started_at,
        min(detected_at) as detected_at,
        max(detection_latency_minutes) as detection_latency_minutes,
        case when count(valid_to) = count(*) then max(valid_to) end as ended_at
    from numbered
    where trouble <> 'fine'
    group by feed_offer_id, country_code, reporting_context, trouble, run_number
),

{# Business days from the start: all days less the Saturdays and Sundays among them. #}
aged as (
    select
        runs.*,
        {{ dbt.datediff('runs.started_at', 'coalesce(runs.ended_at, as_of.as_of_at)', 'day') }}
            as day_count,
        {{ day_of_week('runs.started_at') }} as weekday
    from runs
    cross join as_of
),

late as (
    select
        *,
        day_count
        - ({{ integer_quotient('weekday + day_count', 7) }} - {{ integer_quotient('weekday', 7) }})
        - (
            {{ integer_quotient('weekday + day_count + 1', 7) }}
            - {{ integer_quotient('weekday + 1', 7) }}
        ) as business_days
    from aged
),

pulls as (
    select
        source_relation,
        pulled_at
    from {{ ref('int_feed_snapshots') }}
    group by source_relation, pulled_at
),

presences as (
    select
        source_relation,
        feed_offer_id,
        pulled_at
    from {{ ref('int_feed_snapshots') }}
    group by source_relation, feed_offer_id, pulled_at
),

gaps as (
    select
        source_relation,
        feed_offer_id,
        pulled_at as last_seen_at,
        lead(pulled_at) over (partition by feed_offer_id order by pulled_at) as seen_again_at
    from presences
),

last_stock as (
    select
        source_relation || ':' || offer_id as feed_offer_id,
        availability,
        row_number() over (
            partition by source_relation, offer_id order by pulled_date desc
        ) as place
    from {{ ref('stg_google_merchant__product_views') }}
),

vanished as (
    select
        gaps.feed_offer_id,
        gaps.last_seen_at,
        gaps.seen_again_at,
        min(pulls.pulled_at) as detected_at
    from gaps
    cross join rules
    inner join last_stock
        on gaps.feed_offer_id = last_stock.feed_offer_id
        and last_stock.place = 1
        and last_stock.availability = 'in_stock'
    inner join pulls
        on gaps.source_relation = pulls.source_relation
        and pulls.pulled_at > gaps.last_seen_at
        and (gaps.seen_again_at is null or pulls.pulled_at < gaps.seen_again_at)
        and {{ dbt.datediff('gaps.last_seen_at', 'pulls.pulled_at', 'hour') }}
        > rules.vanished_after_hours
    group by gaps.feed_offer_id, gaps.last_seen_at, gaps.seen_again_at
),

silent_days as (
    select
        *,
        lag(performance_date) over (
            partition by feed_offer_id, reporting_context order by performance_date
        ) as previous_date
    from {{ ref('fct_silent_kills') }}
    where is_silent_kill
),

silent_numbered as (
    select
        *,
        sum(
            case
                when {{ dbt.datediff('previous_date', 'performance_date', 'day') }} <= 3 then 0
                else 1
            end
        ) over (
            partition by feed_offer_id, reporting_context
            order by performance_date
            rows between unbounded preceding and current row
        ) as run_number
    from silent_days
),

silent_runs as (
    select
        feed_offer_id,
        reporting_context,
        min(kill_kind) as kill_kind,
        min(performance_date) as first_date,
        max(performance_date) as last_date
    from silent_numbered
    group by feed_offer_id, reporting_context, run_number
),

final as (
    select
        late.feed_offer_id,
        late.country_code,
        late.reporting_context,
        case when late.trouble = 'L' then 'late_review' else 'status' end as incident_kind,
        late.trouble as severity,
        late.issue_code,
        late.unmapped_count > 0 as has_unmapped_code,
        late.started_at,
        late.detected_at,
        late.detection_latency_minutes,
        late.ended_at
    from late
    cross join rules
    where late.trouble <> 'L' or late.business_days > rules.lifecycle_business_days
    union all
    select
        feed_offer_id,
        'all' as country_code,
        'all' as reporting_context,
        'vanished' as incident_kind,
        'S1' as severity,
        'vanished' as issue_code,
        false as has_unmapped_code,
        last_seen_at as started_at,
        detected_at,
        cast({{ dbt.datediff('last_seen_at', 'detected_at', 'minute') }} as {{ dbt.type_bigint() }})
            as detection_latency_minutes,
        seen_again_at as ended_at
    from vanished
    union all
    select
        silent_runs.feed_offer_id,
        'all' as country_code,
        silent_runs.reporting_context,
        'silent_kill' as incident_kind,
        'S1' as severity,
        silent_runs.kill_kind as issue_code,
        false as has_unmapped_code,
        {{ dbt.dateadd('day', -2, 'cast(silent_runs.first_date as ' ~ dbt.type_timestamp() ~ ')') }}
            as started_at,
        {{ dbt.dateadd('day', 1, 'cast(silent_runs.first_date as ' ~ dbt.type_timestamp() ~ ')') }}
            as detected_at,
        cast(3 * 24 * 60 as {{ dbt.type_bigint() }}) as detection_latency_minutes,
        case
            when {{ dbt.datediff('silent_runs.last_date', 'as_of.as_of_at', 'day') }} > 3
                then {{ dbt.dateadd(
                    'day', 1, 'cast(silent_runs.last_date as ' ~ dbt.type_timestamp() ~ ')'
                ) }}
        end as ended_at
    from silent_runs
    cross join as_of
)

select * from final
