{{ config(access='private') }}

{# The score of each profile at the first moment of each month it was there, UTC. Signals are first
   summed by month, as worth at that month's end, so that a long history costs months and not
   signals. #}

with

as_of as (
    select
        as_of_at,
        cast({{ dbt.date_trunc('month', 'as_of_at') }} as {{ dbt.type_timestamp() }})
            as last_month_at
    from {{ ref('int_as_of') }}
),

profiles as (
    select
        *,
        cast({{ dbt.date_trunc('month', 'created_at') }} as {{ dbt.type_timestamp() }})
            as created_month_at
    from {{ ref('int_list_profiles') }}
    where list_state <> 'no_address'
),

numbers as (
    select 0 as number
    union all
    {{ numbers_to(120) }}
),

months as (
    select cast({{ dbt.dateadd('month', '-numbers.number', 'as_of.last_month_at') }}
            as {{ dbt.type_timestamp() }}) as month_at
    from as_of
    cross join numbers
),

signals as (
    select
        *,
        cast(
            {{ dbt.dateadd('month', 1, dbt.date_trunc('month', 'occurred_at')) }}
            as {{ dbt.type_timestamp() }}
        ) as known_month_at
    from {{ ref('int_engagement_signals') }}
),

monthly as (
    select
        profile_id,
        half_life_days,
        known_month_at,
        sum({{ decayed(
            'signal_weight',
            dbt.datediff('occurred_at', 'known_month_at', 'second') ~ ' / 86400.0',
            'half_life_days'
        ) }}) as points,
        max(occurred_at) as last_engaged_at
    from signals
    group by profile_id, half_life_days, known_month_at
),

scores as (
    select
        monthly.profile_id,
        months.month_at,
        cast(sum({{ decayed(
            'monthly.points', dbt.datediff('monthly.known_month_at', 'months.month_at', 'day'),
            'monthly.half_life_days'
        ) }}) as decimal(18, 4)) as engagement_score,
        max(monthly.last_engaged_at) as last_engaged_at
    from monthly
    inner join months
        on monthly.known_month_at <= months.month_at
    group by monthly.profile_id, months.month_at
),

final as (
    select
        profiles.profile_id,
        profiles.customer_id,
        profiles.list_state,
        coalesce(scores.engagement_score, 0) as engagement_score,
        profiles.left_at is null or profiles.left_at >= months.month_at as is_billable,
        months.month_at,
        profiles.created_at,
        profiles.left_at,
        scores.last_engaged_at
    from profiles
    inner join months
        on profiles.created_month_at < months.month_at
    left join scores
        on profiles.profile_id = scores.profile_id
        and months.month_at = scores.month_at
)

select * from final
