{# How often a profile that was silent for k weeks acts within the next 30 days, drawn to the prior
   of list_rules as if that many more profiles had been watched; how often it buys, drawn to the
   rate of all customers, or of all who never bought. Each profile is watched from the first moment
   of every month whose 30 days have passed. #}

with

as_of as (
    select * from {{ ref('int_as_of') }}
),

rules as (
    select * from {{ ref('int_list_rules') }}
),

months as (
    select * from {{ ref('int_profile_months') }}
    where is_billable
),

signals as (
    select * from {{ ref('int_engagement_signals') }}
    where signal <> 'open'
),

acts as (
    select
        months.profile_id,
        months.month_at,
        max(case
            when signals.occurred_at < months.month_at and signals.signal = 'order' then 1
            else 0
        end) as has_ordered,
        max(case when signals.occurred_at < months.month_at then signals.occurred_at end)
            as last_acted_at,
        max(case when signals.occurred_at >= months.month_at then 1 else 0 end) as has_acted,
        max(case
            when signals.occurred_at >= months.month_at and signals.signal = 'order' then 1
            else 0
        end) as has_bought
    from months
    left join signals
        on months.profile_id = signals.profile_id
        and signals.occurred_at < {{ dbt.dateadd('day', 30, 'months.month_at') }}
    group by months.profile_id, months.month_at
),

watched as (
    select
        acts.has_ordered,
        acts.has_acted,
        acts.has_bought,
        case
            when acts.last_acted_at is null then -1
            else least({{ dbt.datediff('acts.last_acted_at', 'acts.month_at', 'day') }}, 728)
        end as silent_days
    from acts
    cross join as_of
    where {{ dbt.dateadd('day', 30, 'acts.month_at') }} <= as_of.as_of_at
),

counted as (
    select
        has_ordered,
        case when silent_days < 0 then -1 else {{ integer_quotient('silent_days', 7) }} end
            as silent_weeks,
        count(*) as watched_count,
        sum(has_acted) as acted_count,
        sum(has_bought) as bought_count
    from watched
    group by 1, 2
),

grouped as (
    select
        *,
        sum(bought_count) over (partition by has_ordered) as group_bought_count,
        sum(watched_count) over (partition by has_ordered) as group_watched_count
    from counted
),

final as (
    select
        cast(counted.silent_weeks as {{ dbt.type_bigint() }}) as silent_weeks,
        cast(counted.watched_count as {{ dbt.type_bigint() }}) as watched_count,
        cast(counted.acted_count as {{ dbt.type_bigint() }}) as acted_count,
        cast(counted.bought_count as {{ dbt.type_bigint() }}) as bought_count,
        cast(
            cast(
                counted.acted_count + rules.hazard_prior_profiles * rules.hazard_prior_ratio
                as {{ type_double() }}
            ) / cast(counted.watched_count + rules.hazard_prior_profiles as {{ type_double() }})
            as decimal(9, 6)
        ) as act_ratio,
        cast(
            (
                cast(counted.bought_count as {{ type_double() }})
                + cast(rules.hazard_prior_profiles as {{ type_double() }})
                * counted.group_bought_count / counted.group_watched_count
            ) / cast(counted.watched_count + rules.hazard_prior_profiles as {{ type_double() }})
            as decimal(9, 6)
        ) as buy_ratio,
        {{ wilson_bound('counted.acted_count', 'counted.watched_count', 1.644854, -1) }}
            as act_low_ratio,
        {{ wilson_bound('counted.acted_count', 'counted.watched_count', 1.644854, 1) }}
            as act_high_ratio,
        counted.has_ordered = 1 as is_customer
    from grouped as counted
    cross join rules
)

select * from final
