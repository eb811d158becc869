{{ config(access='private') }}

{# What each region sold before and in a window: window 0 is the change itself, the others lie in the
   time before it, where nothing was changed, one after the other backwards, each as long. A window
   needs at least half of the time before it to be compared with. #}

with

experiments as (
    select
        {{ concat_text(['source_relation', 'experiment_id'], ':') }} as experiment_id,
        start_date,
        end_date
    from {{ ref('stg_experiments__experiments') }}
),

periods as (
    select
        experiments.experiment_id,
        geo_periods.geo,
        geo_periods.arm,
        geo_periods.outcome_amount,
        geo_periods.spend_amount,
        geo_periods.period_date < experiments.start_date as is_before,
        dense_rank() over (
            partition by
                experiments.experiment_id, geo_periods.period_date < experiments.start_date
            order by geo_periods.period_date desc
        ) as period_place
    from {{ ref('stg_experiments__geo_periods') }} as geo_periods
    inner join experiments
        on {{ concat_text(['geo_periods.source_relation', 'geo_periods.experiment_id'], ':') }}
        = experiments.experiment_id
    where geo_periods.period_date <= experiments.end_date
),

lengths as (
    select
        experiment_id,
        max(case when is_before then period_place else 0 end) as before_count,
        max(case when is_before then 0 else period_place end) as test_count
    from periods
    group by experiment_id
),

windows as (
    select
        lengths.experiment_id,
        lengths.before_count,
        lengths.test_count,
        numbers.number - 1 as window_number
    from lengths
    inner join ({{ numbers_to(var('experiment_windows') + 1) }}) as numbers
        on numbers.number = 1
        or 2 * (lengths.before_count - (numbers.number - 1) * lengths.test_count)
        >= lengths.before_count
),

placed as (
    select
        periods.experiment_id,
        periods.geo,
        periods.arm,
        periods.outcome_amount,
        periods.spend_amount,
        windows.window_number,
        windows.before_count,
        windows.test_count,
        case
            when windows.window_number = 0 then not periods.is_before
            else
                periods.is_before
                and periods.period_place > (windows.window_number - 1) * windows.test_count
                and periods.period_place <= windows.window_number * windows.test_count
        end as is_in_window,
        periods.is_before
        and periods.period_place > windows.window_number * windows.test_count as is_before_window
    from periods
    inner join windows
        on periods.experiment_id = windows.experiment_id
),

final as (
    select
        experiment_id,
        cast(window_number as {{ dbt.type_bigint() }}) as window_number,
        geo,
        min(arm) as arm,
        cast(max(before_count) as {{ dbt.type_bigint() }}) as before_period_count,
        cast(max(test_count) as {{ dbt.type_bigint() }}) as test_period_count,
        cast(sum(case when is_before_window then outcome_amount else 0 end) as decimal(18, 4))
            as before_outcome_amount,
        cast(sum(case when is_in_window then outcome_amount else 0 end) as decimal(18, 4))
            as window_outcome_amount,
        cast(sum(case when is_before_window then spend_amount else 0 end) as decimal(18, 4))
            as before_spend_amount,
        cast(sum(case when is_in_window then spend_amount else 0 end) as decimal(18, 4))
            as window_spend_amount,
        min(arm) <> max(arm) as is_in_both_arms
    from placed
    group by experiment_id, window_number, geo
)

select * from final
