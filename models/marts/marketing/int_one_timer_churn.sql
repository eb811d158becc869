{{ config(access='private') }}

{# Whether who bought once will ever buy again: BG/NBD calls her alive for certain, so the curve of
   second purchases speaks instead. Of those who had not come back by her age, the share that had
   not come back at the curve's end. Beyond its end nobody came back, nor were many waited for: no
   bounds. #}

with

histories as (
    select
        customer_id,
        age_days
    from {{ ref('fct_purchase_histories') }}
    where history_window = 'whole' and repeat_day_count = 0
),

acquisitions as (
    select
        customer_id,
        sku
    from {{ ref('int_acquisitions') }}
),

hazards as (
    select * from {{ ref('fct_second_purchase_hazards') }}
),

{# From day 0 on, each step holds until the next. #}
steps as (
    select
        hazard_group,
        wait_days as from_days,
        not_returned_log,
        not_returned_log_variance
    from hazards
    union all
    select
        hazard_group,
        -1 as from_days,
        cast(0 as decimal(18, 12)) as not_returned_log,
        cast(0 as decimal(18, 12)) as not_returned_log_variance
    from hazards
    group by hazard_group
),

spans as (
    select
        *,
        lead(from_days) over (partition by hazard_group order by from_days) as until_days,
        last_value(not_returned_log) over (
            partition by hazard_group
            order by from_days
            rows between unbounded preceding and unbounded following
        ) as end_log,
        last_value(not_returned_log_variance) over (
            partition by hazard_group
            order by from_days
            rows between unbounded preceding and unbounded following
        ) as end_log_variance
    from steps
),

known_groups as (
    select hazard_group
    from hazards
    group by hazard_group
),

grouped as (
    select
        histories.customer_id,
        histories.age_days,
        coalesce(known_groups.hazard_group, 'all') as hazard_group
    from histories
    inner join acquisitions
        on histories.customer_id = acquisitions.customer_id
    left join known_groups
        on acquisitions.sku = known_groups.hazard_group
),

conditional as (
    select
        grouped.customer_id,
        grouped.hazard_group,
        spans.until_days is null as is_beyond_curve,
        cast(spans.end_log - spans.not_returned_log as {{ type_double() }}) as churn_log,
        sqrt(
            cast(
                spans.end_log_variance - spans.not_returned_log_variance as {{ type_double() }}
            )
        ) as churn_log_error
    from grouped
    inner join spans
        on grouped.hazard_group = spans.hazard_group
        and grouped.age_days >= spans.from_days
        and (spans.until_days is null or grouped.age_days < spans.until_days)
),

final as (
    select
        customer_id,
        hazard_group,
        cast(exp(churn_log) as decimal(9, 6)) as churn_ratio,
        case
            when not is_beyond_curve
                then cast(
                    exp(churn_log - {{ var('lifetime_interval_z') }} * churn_log_error)
                    as decimal(9, 6)
                )
        end as churn_low_ratio,
        case
            when not is_beyond_curve
                then cast(
                    least(
                        exp(churn_log + {{ var('lifetime_interval_z') }} * churn_log_error), 1
                    ) as decimal(9, 6)
                )
        end as churn_high_ratio,
        is_beyond_curve
    from conditional
)

select * from final
