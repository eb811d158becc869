{{ config(access='private') }}

{# What was foretold for the holdout, by the model and by going on as before. Past frequency ranks
   by repeat days, the newer purchase first: what a shop would do with a spreadsheet. #}

with

scores as (
    select * from {{ ref('int_lifetime_scores') }}
    where history_window = 'calibration' and expected_purchase_count is not null
),

forecasts as (
    select
        customer_id,
        'bg_nbd' as forecast_method,
        expected_purchase_count,
        holdout_day_count,
        row_number() over (
            order by expected_purchase_count desc, repeat_day_count desc, customer_id asc
        ) as place
    from scores
    union all
    select
        customer_id,
        'past_frequency' as forecast_method,
        case
            when age_days > 0
                then cast(
                    repeat_day_count * 7.0 * {{ var('lifetime_holdout_weeks') }} / age_days
                    as decimal(18, 6)
                )
            else cast(0 as decimal(18, 6))
        end as expected_purchase_count,
        holdout_day_count,
        row_number() over (
            order by repeat_day_count desc, recency_days desc, customer_id asc
        ) as place
    from scores
),

counted as (
    select
        *,
        count(*) over (partition by forecast_method) as customer_count
    from forecasts
),

final as (
    select
        customer_id,
        forecast_method,
        cast(
            1 + {{ integer_quotient('(place - 1) * 10', 'customer_count') }}
            as {{ dbt.type_bigint() }}
        ) as decile,
        expected_purchase_count,
        holdout_day_count as actual_purchase_count
    from counted
)

select * from final
