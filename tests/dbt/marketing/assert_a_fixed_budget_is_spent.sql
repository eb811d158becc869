{{ config(group='marketing') }}

{# What one channel of a fixed budget is given another gives: neither the best nor the recommended
   spends may add up to more or less than today's. #}
with

kinds as (
    select
        budget_kind,
        sum(weekly_spend_amount) as weekly_spend_amount,
        sum(recommended_spend_amount) as recommended_spend_amount,
        sum(optimum_spend_amount) as optimum_spend_amount
    from {{ ref('fct_budget_recommendations') }}
    where budget_kind = 'fixed'
    group by budget_kind
)

select *
from kinds
where
    abs(recommended_spend_amount - weekly_spend_amount) > 0.01
    or abs(optimum_spend_amount - weekly_spend_amount) > 0.01
