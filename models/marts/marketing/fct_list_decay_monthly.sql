{# Of the profiles billed when a month began: who left during it and why, and who fell asleep. Each
   is lost once: whoever left did not fall asleep as well. What we suppressed ourselves is no
   decay. #}

with

as_of as (
    select * from {{ ref('int_as_of') }}
),

rules as (
    select * from {{ ref('int_list_rules') }}
),

boundaries as (
    select
        *,
        cast({{ dbt.dateadd('month', -1, 'month_at') }} as {{ dbt.type_timestamp() }})
            as previous_month_at
    from {{ ref('int_profile_months') }}
),

months as (
    select
        starts.profile_id,
        starts.list_state,
        starts.month_at,
        starts.left_at < ends.month_at as has_left,
        starts.engagement_score >= rules.cooling_minimum_score
        and ends.engagement_score < rules.cooling_minimum_score as fell_asleep
    from boundaries as starts
    cross join rules
    inner join boundaries as ends
        on starts.profile_id = ends.profile_id
        and starts.month_at = ends.previous_month_at
    where starts.is_billable
),

lost as (
    select
        month_at,
        count(*) as billable_start_count,
        sum(case when has_left and list_state = 'unsubscribed' then 1 else 0 end)
            as unsubscribed_count,
        sum(case when has_left and list_state = 'hard_bounced' then 1 else 0 end)
            as hard_bounced_count,
        sum(case when has_left and list_state = 'complained' then 1 else 0 end)
            as complained_count,
        sum(case when has_left and list_state = 'suppressed' then 1 else 0 end)
            as suppressed_count,
        sum(case when not coalesce(has_left, false) and fell_asleep then 1 else 0 end)
            as newly_dormant_count
    from months
    group by month_at
),

joined as (
    select
        cast({{ dbt.date_trunc('month', 'created_at') }} as {{ dbt.type_timestamp() }}) as month_at,
        count(*) as joined_count,
        sum(case
            when left_at is null then 0
            when
                cast({{ dbt.date_trunc('month', 'left_at') }} as {{ dbt.type_timestamp() }})
                <= cast({{ dbt.date_trunc('month', 'created_at') }} as {{ dbt.type_timestamp() }})
                then 1
            else 0
        end) as joined_and_left_count
    from {{ ref('int_list_profiles') }}
    where list_state <> 'no_address'
    group by 1
),

counted as (
    select
        lost.*,
        coalesce(joined.joined_count, 0) as joined_count,
        coalesce(joined.joined_and_left_count, 0) as joined_and_left_count,
        lost.unsubscribed_count + lost.hard_bounced_count + lost.complained_count
        + lost.newly_dormant_count as decay_count
    from lost
    left join joined
        on lost.month_at = joined.month_at
),

final as (
    select
        cast(billable_start_count as {{ dbt.type_bigint() }}) as billable_start_count,
        cast(joined_count as {{ dbt.type_bigint() }}) as joined_count,
        cast(joined_and_left_count as {{ dbt.type_bigint() }}) as joined_and_left_count,
        cast(unsubscribed_count as {{ dbt.type_bigint() }}) as unsubscribed_count,
        cast(hard_bounced_count as {{ dbt.type_bigint() }}) as hard_bounced_count,
        cast(complained_count as {{ dbt.type_bigint() }}) as complained_count,
        cast(newly_dormant_count as {{ dbt.type_bigint() }}) as newly_dormant_count,
        cast(suppressed_count as {{ dbt.type_bigint() }}) as suppressed_count,
        cast(
            cast(decay_count as {{ type_double() }}) / billable_start_count as decimal(9, 6)
        ) as decay_ratio,
        cast(
            joined_count - joined_and_left_count - unsubscribed_count - hard_bounced_count
            - complained_count - suppressed_count as {{ dbt.type_bigint() }}
        ) as net_growth_count,
        cast(
            cast(
                joined_count - joined_and_left_count - unsubscribed_count - hard_bounced_count
                - complained_count - suppressed_count as {{ type_double() }}
            ) / billable_start_count as decimal(9, 6)
        ) as net_growth_ratio,
        cast(month_at as date) as month_date
    from counted
)

select * from final
