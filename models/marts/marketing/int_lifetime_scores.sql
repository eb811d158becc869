{{ config(access='private') }}

{# What the models say of a customer, as of now and as of the start of the holdout. #}

with

models as (
    select * from {{ ref('int_lifetime_models') }}
),

histories as (
    select * from {{ ref('fct_purchase_histories') }}
),

expectations as (
    select * from {{ ref('int_repeat_expectations') }}
),

scored as (
    select
        histories.customer_id,
        histories.history_window,
        histories.repeat_day_count,
        histories.recency_days,
        histories.age_days,
        histories.holdout_day_count,
        1 / (
            1 + {{ bg_nbd_dropout_odds(
                'histories.repeat_day_count',
                'cast(histories.recency_weeks as ' ~ type_double() ~ ')',
                'cast(histories.age_weeks as ' ~ type_double() ~ ')'
            ) }}
        ) as alive_share,
        cast(expectations.alive_purchase_count as {{ type_double() }}) as alive_count,
        cast(expectations.alive_discounted_count as {{ type_double() }}) as alive_discounted,
        models.p * (models.gamma + cast(histories.repeat_sales_amount as {{ type_double() }}))
        / (models.p * histories.repeat_day_count + models.q - 1) as mean_amount
    from histories
    inner join models
        on histories.history_window = models.history_window
    inner join expectations
        on histories.history_window = expectations.history_window
        and histories.repeat_day_count = expectations.repeat_day_count
        and histories.age_days = expectations.age_days
),

final as (
    select
        customer_id,
        history_window,
        repeat_day_count,
        recency_days,
        age_days,
        holdout_day_count,
        cast(alive_share as decimal(9, 6)) as alive_ratio,
        cast(alive_share * alive_count as decimal(18, 6)) as expected_purchase_count,
        cast(alive_share * alive_discounted as decimal(18, 6)) as discounted_purchase_count,
        cast(mean_amount as decimal(18, 4)) as expected_purchase_amount
    from scored
)

select * from final
