{# Every signal halves in its own time. The band is what decisions ask for. #}

with

as_of as (
    select * from {{ ref('int_as_of') }}
),

profiles as (
    select * from {{ ref('int_list_profiles') }}
),

rules as (
    select * from {{ ref('int_list_rules') }}
),

signals as (
    select
        signals.profile_id,
        signals.signal,
        signals.occurred_at,
        {{ decayed(
            'signals.signal_weight',
            dbt.datediff('signals.occurred_at', 'as_of.as_of_at', 'second') ~ ' / 86400.0',
            'signals.half_life_days'
        ) }} as points
    from {{ ref('int_engagement_signals') }} as signals
    cross join as_of
),

scores as (
    select
        profile_id,
        cast(sum(points) as decimal(18, 4)) as engagement_score,
        max(occurred_at) as last_engaged_at,
        max(case when signal = 'order' then occurred_at end) as last_ordered_at,
        max(case when signal = 'click' then occurred_at end) as last_clicked_at
    from signals
    group by profile_id
),

final as (
    select
        profiles.profile_id,
        profiles.customer_id,
        profiles.list_state,
        profiles.domain_group,
        case
            when scores.engagement_score >= rules.engaged_minimum_score then 'engaged'
            when scores.engagement_score >= rules.warm_minimum_score then 'warm'
            when scores.engagement_score >= rules.cooling_minimum_score then 'cooling'
            else 'dormant'
        end as engagement_band,
        cast(coalesce(scores.engagement_score, 0) as decimal(18, 4)) as engagement_score,
        profiles.is_billable,
        profiles.list_state = 'complained' as has_complained,
        profiles.created_at,
        profiles.left_at,
        scores.last_engaged_at,
        scores.last_clicked_at,
        scores.last_ordered_at,
        as_of.as_of_at
    from profiles
    cross join rules
    cross join as_of
    left join scores
        on profiles.profile_id = scores.profile_id
)

select * from final
