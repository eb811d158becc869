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
        {%- for model, names in [
            ('bg_nbd', ['r', 'alpha', 'a', 'b']), ('gamma_gamma', ['p', 'q', 'gamma'])
        ] %}
        {%- set last = loop.last %}
        {%- for name in names %}
        max(
            case
                when model_name = '{{ model }}' and parameter_name = '{{ name }}' then estimate
            end
        ) as {{ name }}{{ '' if last and loop.last else ',' }}
        {%- endfor %}
        {%- endfor %}
    from parameters
    group by history_window
)

select * from final
