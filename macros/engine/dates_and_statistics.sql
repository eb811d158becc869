{# Day of the week of a date or timestamp: 1 = Monday … 7 = Sunday. #}
{% macro day_of_week(expression) -%}
    {{ return(adapter.dispatch('day_of_week', 'tributary')(expression)) }}
{%- endmacro %}

{% macro default__day_of_week(expression) -%}
    extract(isodow from {{ expression }})
{%- endmacro %}

{% macro spark__day_of_week(expression) -%}
    (weekday({{ expression }}) + 1)
{%- endmacro %}

{% macro snowflake__day_of_week(expression) -%}
    dayofweekiso({{ expression }})
{%- endmacro %}

{% macro bigquery__day_of_week(expression) -%}
    (mod(extract(dayofweek from {{ expression }}) + 5, 7) + 1)
{%- endmacro %}

{# Median as an aggregate. #}
{% macro median(expression) -%}
    {{ return(adapter.dispatch('median', 'tributary')(expression)) }}
{%- endmacro %}

{% macro default__median(expression) -%}
    median({{ expression }})
{%- endmacro %}

{% macro bigquery__median(expression) -%}
    approx_quantiles({{ expression }}, 2)[offset(1)]
{%- endmacro %}
