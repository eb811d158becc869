{# What a change of spend did to sales, by the difference of differences: sales of the treated regions
   against what they would have been, had they gone as the others did. Its bounds are those of the same
   reading where nothing was changed. #}

with

experiments as (
    select
        {{ concat_text(['source_relation', 'experiment_id'], ':') }} as experiment_id,
        channel,
        tactic,
        start_date,
        end_date
    from {{ ref('stg_experiments__experiments') }}
),

as_of as (
    select {{ shop_date('as_of_at') }} as as_of_date
    from {{ ref('int_as_of') }}
),

sums as (
    select
        experiment_id,
        count(*) as geo_count,
        sum(case when arm = 'treated' then 1 else 0 end) as treated_geo_count,
        max(case when is_in_both_arms then 1 else 0 end) as mixed_count,
        max(before_period_count) as before_period_count,
        max(test_period_count) as test_period_count,
        sum(case when arm = 'treated' then before_outcome_amount else 0 end) as treated_before,
        sum(case when arm = 'treated' then window_outcome_amount else 0 end) as treated_window,
        sum(case when arm = 'control' then before_outcome_amount else 0 end) as control_before,
        sum(case when arm = 'control' then window_outcome_amount else 0 end) as control_window,
        sum(case when arm = 'treated' then before_spend_amount else 0 end) as treated_spend_before,
        sum(case when arm = 'treated' then window_spend_amount else 0 end) as treated_spend_window,
        sum(case when arm = 'control' then before_spend_amount else 0 end) as control_spend_before,
        sum(case when arm = 'control' then window_spend_amount else 0 end) as control_spend_window
    from {{ ref('int_experiment_geos') }}
    where window_number = 0
    group by experiment_id
),

ranked as (
    select
        experiment_id,
        change_ratio,
        count(*) over (partition by experiment_id) as placebo_count,
        row_number() over (
            partition by experiment_id order by change_ratio, window_number, replicate
        ) as change_place
    from {{ ref('int_experiment_placebos') }}
),

placebos as (
    select
        experiment_id,
        max(placebo_count) as placebo_count,
        max(case when change_place = ceil(placebo_count * 0.05) then change_ratio end)
            as change_low_ratio,
        max(case when change_place = ceil(placebo_count * 0.95) then change_ratio end)
            as change_high_ratio
    from ranked
    group by experiment_id
),

expected as (
    select
        experiments.*,
        sums.geo_count,
        sums.treated_geo_count,
        sums.mixed_count,
        sums.before_period_count,
        sums.test_period_count,
        sums.treated_window,
        sums.treated_spend_window,
        placebos.placebo_count,
        placebos.change_low_ratio,
        placebos.change_high_ratio,
        case
            when sums.control_before > 0
                then cast(sums.treated_before as {{ type_double() }})
                * cast(sums.control_window as {{ type_double() }}) / sums.control_before
        end as expected_sales,
        {# Regions without the spend of others tell nothing of it: then the time alone does. #}
        case
            when sums.control_spend_before > 0
                then cast(sums.treated_spend_before as {{ type_double() }})
                * cast(sums.control_spend_window as {{ type_double() }})
                / sums.control_spend_before
            when sums.before_period_count > 0
                then cast(sums.treated_spend_before as {{ type_double() }})
                * sums.test_period_count / sums.before_period_count
        end as expected_spend
    from experiments
    left join sums
        on experiments.experiment_id = sums.experiment_id
    left join placebos
        on experiments.experiment_id = placebos.experiment_id
),

effects as (
    select
        expected.*,
        expected_sales - treated_window as lost_sales,
        expected_sales - treated_window - change_high_ratio * expected_sales as lost_low,
        expected_sales - treated_window - change_low_ratio * expected_sales as lost_high,
        expected_spend - treated_spend_window as avoided_spend,
        case
            when as_of.as_of_date <= end_date then 'the experiment has not ended'
            when coalesce(geo_count, 0) < {{ var('experiment_geos_minimum') }}
                then 'fewer than {{ var("experiment_geos_minimum") }} regions'
            when treated_geo_count = 0 or treated_geo_count = geo_count
                then 'nothing to compare: one arm is empty'
            when mixed_count > 0 then 'a region is in both arms'
            when coalesce(before_period_count, 0) < {{ var('experiment_periods_minimum') }}
                then 'fewer than {{ var("experiment_periods_minimum") }} periods before the change'
            when coalesce(test_period_count, 0) = 0 then 'no period of the change itself'
            when expected_sales is null or coalesce(placebo_count, 0) = 0
                then 'nothing was sold where nothing was changed'
            when abs(expected_spend - treated_spend_window) < 0.01 * expected_spend
                or expected_spend = treated_spend_window
                then 'spend was not changed'
        end as lack
    from expected
    cross join as_of
),

final as (
    select
        experiment_id,
        channel,
        tactic,
        case when lack is null then 'ESTIMATED' else 'INSUFFICIENT_DATA' end as decision,
        lack as decision_reason,
        cast(geo_count as {{ dbt.type_bigint() }}) as geo_count,
        cast(treated_geo_count as {{ dbt.type_bigint() }}) as treated_geo_count,
        cast(before_period_count as {{ dbt.type_bigint() }}) as before_period_count,
        cast(test_period_count as {{ dbt.type_bigint() }}) as test_period_count,
        cast(placebo_count as {{ dbt.type_bigint() }}) as placebo_count,
        cast(expected_sales as decimal(18, 4)) as expected_sales_amount,
        cast(treated_window as decimal(18, 4)) as treated_sales_amount,
        cast(lost_sales as decimal(18, 4)) as lost_sales_amount,
        cast(avoided_spend as decimal(18, 4)) as avoided_spend_amount,
        case when lack is null then cast(lost_sales / avoided_spend as decimal(18, 6)) end
            as incremental_return_on_spend,
        case
            when lack is null
                then cast(
                    least(lost_low / avoided_spend, lost_high / avoided_spend) as decimal(18, 6)
                )
        end as incremental_return_on_spend_low,
        case
            when lack is null
                then cast(
                    greatest(lost_low / avoided_spend, lost_high / avoided_spend) as decimal(18, 6)
                )
        end as incremental_return_on_spend_high,
        start_date,
        end_date
    from effects
)

select * from final
