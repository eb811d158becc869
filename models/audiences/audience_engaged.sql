{# One row per profile, for send lists are of profiles. The reason tells which of the three lists she
   is in first; the longer ones hold the shorter. #}

with

rules as (
    {{ segment_rules('engaged', [
        'minimum_engagement_score', 'short_days', 'middle_days', 'long_days',
    ]) }}
),

profiles as (
    select
        *,
        {{ dbt.datediff('last_engaged_at', 'as_of_at', 'day') }} as silent_days
    from {{ ref('fct_profile_engagement') }}
    where last_engaged_at is not null and not has_complained
),

final as (
    select
        profiles.profile_id,
        case
            when profiles.silent_days <= rules.short_days then 'engaged_30'
            when profiles.silent_days <= rules.middle_days then 'engaged_60'
            else 'engaged_90'
        end as reason,
        profiles.last_engaged_at as entered_at
    from profiles
    cross join rules
    where
        profiles.engagement_score >= rules.minimum_engagement_score
        and profiles.silent_days <= rules.long_days
)

select * from final
