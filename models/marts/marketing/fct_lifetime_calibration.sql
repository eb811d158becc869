{# How far the model may be believed, with the naive forecast beside it: it earns its keep for
   volume, hardly for ranking. #}

with

forecasts as (
    select * from {{ ref('int_holdout_forecasts') }}
),

{# A square of eighteen digits leaves 64 bits. #}
widened as (
    select
        *,
        cast(expected_purchase_count as decimal(20, 6)) as wide_count
    from forecasts
),

deciles as (
    select * from {{ ref('fct_lifetime_deciles') }}
    where decile = 1
),

histories as (
    select
        min(history_to_date) as history_to_date,
        min(as_of_at) as as_of_at
    from {{ ref('fct_purchase_histories') }}
    where history_window = 'calibration'
),

origins as (
    select max(parameter_origin) as parameter_origin
    from {{ ref('fct_lifetime_parameters') }}
    where history_window = 'calibration' and model_name = 'bg_nbd'
),

sums as (
    select
        forecast_method,
        count(*) as customer_count,
        sum(expected_purchase_count) as expected_purchase_count,
        sum(actual_purchase_count) as actual_purchase_count,
        sum(abs(expected_purchase_count - actual_purchase_count)) as error_sum,
        cast(
            count(*) * sum(wide_count * actual_purchase_count)
            - sum(wide_count) * sum(actual_purchase_count) as {{ type_double() }}
        ) as covariance,
        cast(count(*) * sum(wide_count * wide_count) as {{ type_double() }})
        - power(cast(sum(wide_count) as {{ type_double() }}), 2) as expected_variance,
        cast(count(*) * sum(actual_purchase_count * actual_purchase_count) as {{ type_double() }})
        - power(cast(sum(actual_purchase_count) as {{ type_double() }}), 2) as actual_variance
    from widened
    group by forecast_method
),

final as (
    select
        sums.forecast_method,
        case
            when sums.forecast_method = 'bg_nbd' then origins.parameter_origin else 'none'
        end as parameter_origin,
        cast(sums.customer_count as {{ dbt.type_bigint() }}) as customer_count,
        cast(sums.expected_purchase_count as decimal(18, 6)) as expected_purchase_count,
        cast(sums.actual_purchase_count as {{ dbt.type_bigint() }}) as actual_purchase_count,
        case
            when sums.actual_purchase_count > 0
                then cast(
                    sums.expected_purchase_count / sums.actual_purchase_count - 1
                    as decimal(18, 6)
                )
        end as bias_ratio,
        cast(sums.error_sum / sums.customer_count as decimal(18, 6)) as mean_absolute_error,
        case
            when sums.expected_variance > 0 and sums.actual_variance > 0
                then cast(
                    sums.covariance / sqrt(sums.expected_variance) / sqrt(sums.actual_variance)
                    as decimal(9, 6)
                )
        end as purchase_correlation,
        deciles.captured_purchase_ratio as top_decile_captured_ratio,
        histories.history_to_date as holdout_after_date,
        histories.as_of_at
    from sums
    cross join histories
    cross join origins
    left join deciles
        on sums.forecast_method = deciles.forecast_method
)

select * from final
