{# Kaplan-Meier: of those who bought once and were still waited for on a day, how many bought again
   on it. Who has not yet bought again is waited for until as_of, and not counted as lost. The
   bounds are Greenwood's, on the logarithm, so that they stay above 0. #}

with

as_of as (
    select {{ shop_date('as_of_at') }} as as_of_date
    from {{ ref('int_as_of') }}
),

acquisitions as (
    select * from {{ ref('int_acquisitions') }}
),

second_purchases as (
    select
        customer_id,
        purchase_date
    from {{ ref('int_purchase_days') }}
    where purchase_number = 2
),

waits as (
    select
        acquisitions.customer_id,
        acquisitions.sku,
        {{ dbt.datediff(
            'acquisitions.first_purchase_date',
            'coalesce(second_purchases.purchase_date, as_of.as_of_date)',
            'day'
        ) }} as wait_days,
        case when second_purchases.customer_id is null then 0 else 1 end as returned
    from acquisitions
    cross join as_of
    left join second_purchases
        on acquisitions.customer_id = second_purchases.customer_id
),

skus as (
    select sku
    from waits
    where sku <> 'unknown'
    group by sku
    having count(*) >= {{ var('cohort_customers_minimum') }}
),

strata as (
    select
        'all' as hazard_group,
        wait_days,
        returned
    from waits
    union all
    select
        waits.sku as hazard_group,
        waits.wait_days,
        waits.returned
    from waits
    inner join skus
        on waits.sku = skus.sku
),

daily as (
    select
        hazard_group,
        wait_days,
        count(*) as customer_count,
        sum(returned) as returned_count
    from strata
    group by hazard_group, wait_days
),

at_risk as (
    select
        hazard_group,
        wait_days,
        returned_count,
        sum(customer_count) over (
            partition by hazard_group
            order by wait_days desc
            rows between unbounded preceding and current row
        ) as waiting_count
    from daily
),

steps as (
    select
        *,
        {# A day on which all come back leaves half a customer: nought has no logarithm. #}
        cast(
            ln(
                1 - least(returned_count, waiting_count - 0.5)
                / cast(waiting_count as {{ type_double() }})
            ) as decimal(18, 12)
        ) as survival_log,
        cast(
            least(returned_count, waiting_count - 0.5)
            / cast(waiting_count as {{ type_double() }})
            / (waiting_count - least(returned_count, waiting_count - 0.5)) as decimal(18, 12)
        ) as variance_step
    from at_risk
    where
        returned_count > 0
        and waiting_count >= {{ var('hazard_customers_minimum') }}
        and wait_days <= {{ var('hazard_days_maximum') }}
),

curves as (
    select
        *,
        sum(survival_log) over (
            partition by hazard_group
            order by wait_days
            rows between unbounded preceding and current row
        ) as survival_log_sum,
        sum(variance_step) over (
            partition by hazard_group
            order by wait_days
            rows between unbounded preceding and current row
        ) as survival_log_variance
    from steps
),

final as (
    select
        hazard_group,
        cast(wait_days as {{ dbt.type_bigint() }}) as wait_days,
        cast(waiting_count as {{ dbt.type_bigint() }}) as waiting_customer_count,
        cast(returned_count as {{ dbt.type_bigint() }}) as returned_customer_count,
        cast(exp(cast(survival_log_sum as {{ type_double() }})) as decimal(9, 6))
            as not_returned_ratio,
        cast(
            exp(
                cast(survival_log_sum as {{ type_double() }})
                - {{ var('lifetime_interval_z') }}
                * sqrt(cast(survival_log_variance as {{ type_double() }}))
            ) as decimal(9, 6)
        ) as not_returned_low_ratio,
        cast(
            least(
                exp(
                    cast(survival_log_sum as {{ type_double() }})
                    + {{ var('lifetime_interval_z') }}
                    * sqrt(cast(survival_log_variance as {{ type_double() }}))
                ),
                1
            ) as decimal(9, 6)
        ) as not_returned_high_ratio,
        cast(survival_log_sum as decimal(18, 12)) as not_returned_log,
        cast(survival_log_variance as decimal(18, 12)) as not_returned_log_variance
    from curves
)

select * from final
