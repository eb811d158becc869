{# A customer is as awake as the most awake of her profiles, and complains with any of them. The
   reason tells which of the three lists she is in first; the longer ones hold the shorter. #}

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
    where customer_id is not null
),

complained as (
    select customer_id
    from profiles
    where has_complained
    group by customer_id
),

awake as (
    select
        profiles.customer_id,
        min(profiles.silent_days) as silent_days,
        max(profiles.last_engaged_at) as last_engaged_at
    from profiles
    cross join rules
    where
        profiles.last_engaged_at is not null
        and profiles.engagement_score >= rules.minimum_engagement_score
        and profiles.silent_days <= rules.long_days
    group by profiles.customer_id
),

final as (
    select
        awake.customer_id,
        case
            when awake.silent_days <= rules.short_days then 'engaged_30'
            when awake.silent_days <= rules.middle_days then 'engaged_60'
            else 'engaged_90'
        end as reason,
        awake.last_engaged_at as entered_at
    from awake
    cross join rules
    left join complained
        on awake.customer_id = complained.customer_id
    where complained.customer_id is null
)

select * from final
