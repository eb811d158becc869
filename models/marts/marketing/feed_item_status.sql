{# Spans of equal status and issues. A span begins when a push says so, else with the pull that
   first showed it: what went before it within the pull's distance is not known. #}

with

snapshots as (
    select * from {{ ref('int_feed_snapshots') }}
),

compared as (
    select
        *,
        lag(feed_status || issue_set_hash) over (
            partition by feed_offer_id, country_code, reporting_context order by pulled_at
        ) as previous_state,
        lag(pulled_at) over (
            partition by feed_offer_id, country_code, reporting_context order by pulled_at
        ) as previous_pulled_at
    from snapshots
),

changes as (
    select
        *,
        coalesce(greatest(changed_at, previous_pulled_at), changed_at, pulled_at) as valid_from
    from compared
    where previous_state is null or previous_state <> feed_status || issue_set_hash
),

final as (
    select
        feed_offer_id,
        country_code,
        reporting_context,
        feed_status,
        issue_set_hash,
        severity,
        issue_code,
        issue_count,
        has_unmapped_code,
        valid_from,
        lead(valid_from) over (
            partition by feed_offer_id, country_code, reporting_context order by pulled_at
        ) as valid_to,
        pulled_at as detected_at,
        cast({{ dbt.datediff(
            'case when changed_at is null then coalesce(previous_pulled_at, pulled_at)'
            ~ ' else valid_from end', 'pulled_at', 'minute'
        ) }} as {{ dbt.type_bigint() }}) as detection_latency_minutes
    from changes
)

select * from final
