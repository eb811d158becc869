{{ config(materialized='ephemeral', access='private') }}

{# The parameters of a window beside each other, as doubles. #}

with

parameters as (
    select
        history_window,
        model_name,
        parameter_name,
        parameter_origin,
        has_correlated_spend,
        cast(estimate as {{ type_double() }}) as estimate
    from {{ ref('fct_lifetime_parameters') }}
),

final as (
    select
        history_window,
        max(case when model_name = 'bg_nbd' then parameter_origin end) as purchase_origin,
        max(case when model_name = 'gamma_gamma' then parameter_origin end) as spend_origin,
        max(case when has_correlated_spend then 1 else 0 end) = 1 as has_correlated_spend,
        max(case when parameter_name = 'r' then estimate end) as r,
        max(case when parameter_name = 'alpha' then estimate end) as alpha,
        max(case when parameter_name = 'a' then estimate end) as a,
        max(case when parameter_name = 'b' then estimate end) as b,
        max(case when parameter_name = 'p' then estimate end) as p,
        max(case when parameter_name = 'q' then estimate end) as q,
        max(case when parameter_name = 'gamma' then estimate end) as gamma
    from parameters
    group by history_window
)

select * from final
