{# Logarithm of the gamma function of a positive double. Engines without one take Stirling's series
   eight steps up, where five terms are exact to the last digits of a double. #}
{% macro log_gamma(expression) -%}
    {{ return(adapter.dispatch('log_gamma', 'tributary')(expression)) }}
{%- endmacro %}

{% macro duckdb__log_gamma(expression) -%}
    lgamma({{ expression }})
{%- endmacro %}

{% macro default__log_gamma(expression) -%}
    {%- set value = "(" ~ expression ~ ")" -%}
    {%- set up = "(" ~ value ~ " + 8)" -%}
    (
        (({{ up }} - 0.5) * ln({{ up }})) - {{ up }} + 0.91893853320467274178
        + 1 / (12 * {{ up }})
        - 1 / (360 * power({{ up }}, 3))
        + 1 / (1260 * power({{ up }}, 5))
        - 1 / (1680 * power({{ up }}, 7))
        + 1 / (1188 * power({{ up }}, 9))
        - 691 / (360360 * power({{ up }}, 11))
        - ln({{ value }})
        {%- for step in range(1, 8) %}
        - ln({{ value }} + {{ step }})
        {%- endfor %}
    )
{%- endmacro %}
