{# What an incident costs a day and has cost since it began, not since it was seen. Revenue of other
   offers that buyers take instead is taken off at substitution_ratio. Losses of ads and of free
   listings are rows of their own and must not be summed. One code on most of the catalogue is one
   incident, told once. #}

with

as_of as (
    select * from {{ ref('int_as_of') }}
),

rules as (
    select * from {{ ref('int_feed_rules') }}
),

runs as (
    select
        *,
        {{ md5_hex(
            "feed_offer_id || '/' || country_code || '/' || reporting_context || '/'"
            ~ " || incident_kind || '/' || " ~ iso_utc('started_at')
        ) }} as incident_id
    from {{ ref('int_feed_runs') }}
),

baselines as (
    select * from {{ ref('int_feed_baselines') }}
),

margins as (
    select
        sku,
        sum(cm2_amount) as cm2_amount,
        sum(net_sales_amount) as net_sales_amount
    from {{ ref('fct_sku_margin_daily') }}
    group by sku
),

catalogue as (
    select
        source_relation,
        count(*) as offer_count
    from {{ ref('int_feed_offers') }}
    where not is_orphan
    group by source_relation
),

{# Incidents of one code, country and context that began on one day. #}
groups_of_runs as (
    select
        {{ dbt.split_part('feed_offer_id', "':'", 1) }} as source_relation,
        country_code,
        reporting_context,
        incident_kind,
        issue_code,
        cast(started_at as date) as started_date,
        count(*) as incident_count,
        min(incident_id) as first_incident_id
    from runs
    group by 1, 2, 3, 4, 5, 6
),

systemic as (
    select groups_of_runs.*
    from groups_of_runs
    cross join rules
    inner join catalogue
        on groups_of_runs.source_relation = catalogue.source_relation
        and groups_of_runs.incident_count > catalogue.offer_count * rules.systemic_share_ratio
),

priced as (
    select
        runs.*,
        baselines.sku,
        systemic.first_incident_id as systemic_incident_id,
        case
            when baselines.median_amount > 0 then 'median'
            when baselines.mean_amount is not null then 'mean'
            else 'none'
        end as baseline_method,
        cast(
            case
                when baselines.median_amount > 0 then baselines.median_amount
                else coalesce(baselines.mean_amount, 0)
            end as decimal(18, 4)
        ) as baseline_amount,
        cast(
            coalesce(
                cast(margins.cm2_amount as {{ type_double() }})
                / nullif(margins.net_sales_amount, 0), 0
            ) as decimal(9, 6)
        ) as cm2_ratio,
        rules.substitution_ratio,
        cast(
            {{ dbt.datediff(
                'runs.started_at', 'coalesce(runs.ended_at, as_of.as_of_at)', 'second'
            ) }} / 86400.0 as decimal(12, 6)
        ) as lost_days,
        cast(
            case
                when runs.detected_at >= coalesce(runs.ended_at, as_of.as_of_at)
                    then {{ dbt.datediff(
                        'runs.started_at', 'coalesce(runs.ended_at, as_of.as_of_at)', 'second'
                    ) }}
                else {{ dbt.datediff('runs.started_at', 'runs.detected_at', 'second') }}
            end / 86400.0 as decimal(12, 6)
        ) as undetected_days
    from runs
    cross join as_of
    cross join rules
    left join baselines
        on runs.feed_offer_id = baselines.feed_offer_id
        and runs.country_code = baselines.country_code
        and runs.reporting_context = baselines.reporting_context
        and runs.incident_kind = baselines.incident_kind
        and runs.started_at = baselines.started_at
    left join margins
        on baselines.sku = margins.sku
    left join systemic
        on {{ dbt.split_part('runs.feed_offer_id', "':'", 1) }} = systemic.source_relation
        and runs.country_code = systemic.country_code
        and runs.reporting_context = systemic.reporting_context
        and runs.incident_kind = systemic.incident_kind
        and runs.issue_code = systemic.issue_code
        and cast(runs.started_at as date) = systemic.started_date
),

lost as (
    select
        *,
        {{ round_half_even(
            'cast(baseline_amount as decimal(18, 4)) * cast(lost_days as decimal(12, 6))', 4
        ) }} as lost_sales_amount,
        {{ round_half_even(
            'cast(baseline_amount as decimal(18, 4)) * cast(undetected_days as decimal(12, 6))', 4
        ) }} as undetected_sales_amount
    from priced
),

final as (
    select
        incident_id,
        feed_offer_id,
        sku,
        country_code,
        reporting_context,
        incident_kind,
        severity,
        issue_code,
        systemic_incident_id,
        baseline_method,
        'pending' as approval_status,
        baseline_amount as baseline_daily_amount,
        cm2_ratio,
        lost_days,
        lost_sales_amount,
        {{ round_half_even('lost_sales_amount * cm2_ratio', 4) }} as lost_margin_amount,
        {{ round_half_even(
            round_half_even('lost_sales_amount * cm2_ratio', 4)
            ~ ' * cast(1 - substitution_ratio as decimal(9, 6))', 4
        ) }} as net_lost_margin_amount,
        {{ round_half_even(
            'baseline_amount * cm2_ratio', 4
        ) }} as margin_per_day_amount,
        {{ round_half_even('undetected_sales_amount * cm2_ratio', 4) }}
            as undetected_margin_amount,
        detection_latency_minutes,
        cast({{ dbt.datediff('started_at', 'ended_at', 'hour') }} as {{ dbt.type_bigint() }})
            as fix_hours,
        has_unmapped_code,
        severity in ('S0', 'S1', 'L')
        and (systemic_incident_id is null or systemic_incident_id = incident_id) as is_alert,
        started_at,
        detected_at,
        ended_at
    from lost
)

select * from final
