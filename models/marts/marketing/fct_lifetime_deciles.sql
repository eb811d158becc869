{# What each tenth of the customers was foretold and did. The interval is of purchases made per
   purchase foretold: the scatter of customers around their tenth's own ratio. #}

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

totals as (
    select
        forecast_method,
        sum(actual_purchase_count) as actual_purchase_count
    from forecasts
    group by forecast_method
),

sums as (
    select
        forecast_method,
        decile,
        count(*) as customer_count,
        sum(expected_purchase_count) as expected_purchase_count,
        sum(actual_purchase_count) as actual_purchase_count,
        sum(wide_count * wide_count) as expected_square,
        sum(actual_purchase_count * actual_purchase_count) as actual_square,
        sum(wide_count * actual_purchase_count) as product_sum
    from widened
    group by forecast_method, decile
),

ratios as (
    select
        *,
        case
            when expected_purchase_count > 0
                then
                    cast(actual_purchase_count as {{ type_double() }})
                    / cast(expected_purchase_count as {{ type_double() }})
        end as actual_ratio
    from sums
),

scattered as (
    select
        *,
        case
            when expected_purchase_count > 0
                then sqrt(greatest(
                    cast(actual_square as {{ type_double() }})
                    - 2 * actual_ratio * cast(product_sum as {{ type_double() }})
                    + actual_ratio * actual_ratio * cast(expected_square as {{ type_double() }}),
                    0
                )) / cast(expected_purchase_count as {{ type_double() }})
        end as ratio_error
    from ratios
),

final as (
    select
        scattered.forecast_method,
        scattered.decile,
        cast(scattered.customer_count as {{ dbt.type_bigint() }}) as customer_count,
        cast(scattered.expected_purchase_count as decimal(18, 6)) as expected_purchase_count,
        cast(scattered.actual_purchase_count as {{ dbt.type_bigint() }}) as actual_purchase_count,
        cast(scattered.actual_ratio as decimal(18, 6)) as actual_per_expected_ratio,
        case
            when scattered.actual_ratio is not null
                then cast(
                    greatest(
                        scattered.actual_ratio
                        - {{ var('lifetime_interval_z') }} * scattered.ratio_error,
                        0
                    ) as decimal(18, 6)
                )
        end as actual_per_expected_low_ratio,
        cast(
            scattered.actual_ratio + {{ var('lifetime_interval_z') }} * scattered.ratio_error
            as decimal(18, 6)
        ) as actual_per_expected_high_ratio,
        case
            when totals.actual_purchase_count > 0
                then cast(
                    scattered.actual_purchase_count * 1.0 / totals.actual_purchase_count
                    as decimal(9, 6)
                )
        end as captured_purchase_ratio
    from scattered
    inner join totals
        on scattered.forecast_method = totals.forecast_method
)

select * from final
