{# What a customer will probably still bring: purchases to come × their revenue × what of it is left
   in CM2, discounted. The interval is what customers of her tenth did in the holdout per purchase
   foretold; without a holdout it is null. #}

with

scores as (
    select
        *,
        row_number() over (
            order by expected_purchase_count desc, repeat_day_count desc, customer_id asc
        ) as place,
        count(*) over () as customer_count
    from {{ ref('int_lifetime_scores') }}
    where history_window = 'whole'
),

deciles as (
    select * from {{ ref('fct_lifetime_deciles') }}
    where forecast_method = 'bg_nbd'
),

acquisitions as (
    select * from {{ ref('int_acquisitions') }}
),

margin_rates as (
    select * from {{ ref('int_margin_rates') }}
),

one_timers as (
    select * from {{ ref('int_one_timer_churn') }}
),

models as (
    select * from {{ ref('int_lifetime_models') }}
    where history_window = 'whole'
),

histories as (
    select * from {{ ref('fct_purchase_histories') }}
    where history_window = 'whole'
),

joined as (
    select
        scores.customer_id,
        scores.repeat_day_count,
        scores.alive_ratio,
        scores.expected_purchase_count,
        scores.expected_purchase_amount,
        cast(
            1 + {{ integer_quotient('(scores.place - 1) * 10', 'scores.customer_count') }}
            as {{ dbt.type_bigint() }}
        ) as decile,
        margin_rates.expected_cm2_ratio,
        margin_rates.purchase_count as margin_evidence_count,
        cast(
            cast(scores.discounted_purchase_count as {{ type_double() }})
            * cast(scores.expected_purchase_amount as {{ type_double() }})
            * cast(margin_rates.expected_cm2_ratio as {{ type_double() }}) as decimal(18, 4)
        ) as lifetime_value_amount,
        case
            when scores.repeat_day_count > 0 then 'repeat purchase model'
            when one_timers.is_beyond_curve then 'beyond the second purchase curve'
            when one_timers.customer_id is not null then 'second purchase curve'
            else 'none'
        end as churn_method,
        case
            when scores.repeat_day_count > 0
                then cast(1 - scores.alive_ratio as decimal(9, 6))
            else one_timers.churn_ratio
        end as churn_ratio,
        one_timers.churn_low_ratio,
        one_timers.churn_high_ratio,
        one_timers.hazard_group,
        models.purchase_origin,
        models.spend_origin,
        models.has_correlated_spend,
        histories.is_reachable,
        histories.first_purchase_date,
        histories.last_purchase_date,
        histories.as_of_at
    from scores
    cross join models
    inner join histories
        on scores.customer_id = histories.customer_id
    inner join acquisitions
        on scores.customer_id = acquisitions.customer_id
    inner join margin_rates
        on acquisitions.channel = margin_rates.channel
        and acquisitions.product_type = margin_rates.product_type
    left join one_timers
        on scores.customer_id = one_timers.customer_id
),

final as (
    select
        joined.customer_id,
        case
            when joined.expected_purchase_count is null then 'horizon beyond the series'
            when joined.purchase_origin = 'prior' then 'prior parameters of another shop'
            when joined.spend_origin = 'prior' then 'own repeat purchase, prior spread of spend'
            when joined.has_correlated_spend then 'own parameters, spend moves with frequency'
            else 'own parameters'
        end as evidence,
        joined.churn_method,
        joined.hazard_group,
        joined.decile as expected_decile,
        joined.repeat_day_count,
        joined.alive_ratio,
        joined.churn_ratio,
        joined.churn_low_ratio,
        joined.churn_high_ratio,
        joined.expected_purchase_count,
        cast(
            joined.expected_purchase_count * deciles.actual_per_expected_low_ratio
            as decimal(18, 6)
        ) as expected_purchase_low_count,
        cast(
            joined.expected_purchase_count * deciles.actual_per_expected_high_ratio
            as decimal(18, 6)
        ) as expected_purchase_high_count,
        joined.expected_purchase_amount,
        joined.expected_cm2_ratio,
        joined.margin_evidence_count,
        joined.lifetime_value_amount,
        cast(
            least(
                joined.lifetime_value_amount * deciles.actual_per_expected_low_ratio,
                joined.lifetime_value_amount * deciles.actual_per_expected_high_ratio
            ) as decimal(18, 4)
        ) as lifetime_value_low_amount,
        cast(
            greatest(
                joined.lifetime_value_amount * deciles.actual_per_expected_low_ratio,
                joined.lifetime_value_amount * deciles.actual_per_expected_high_ratio
            ) as decimal(18, 4)
        ) as lifetime_value_high_amount,
        joined.is_reachable,
        joined.first_purchase_date,
        joined.last_purchase_date,
        joined.as_of_at
    from joined
    left join deciles
        on joined.decile = deciles.decile
)

select * from final
