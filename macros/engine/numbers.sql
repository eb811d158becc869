{# Whole numbers of 38 digits: an amount in minor units times a weight leaves 64 bits. #}
{% macro type_wide_integer() -%}
    {{ return(adapter.dispatch('type_wide_integer', 'tributary')()) }}
{%- endmacro %}

{% macro default__type_wide_integer() -%}
    decimal(38, 0)
{%- endmacro %}

{% macro duckdb__type_wide_integer() -%}
    hugeint
{%- endmacro %}

{% macro bigquery__type_wide_integer() -%}
    bignumeric
{%- endmacro %}

{# Quotient of two whole numbers, the first not negative and the second positive, rounded down and
   exact: a plain division would pass through a double. #}
{% macro integer_quotient(dividend, divisor) -%}
    {{ return(adapter.dispatch('integer_quotient', 'tributary')(dividend, divisor)) }}
{%- endmacro %}

{% macro default__integer_quotient(dividend, divisor) -%}
    floor(({{ dividend }}) / ({{ divisor }}))
{%- endmacro %}

{% macro duckdb__integer_quotient(dividend, divisor) -%}
    (({{ dividend }}) // ({{ divisor }}))
{%- endmacro %}

{% macro spark__integer_quotient(dividend, divisor) -%}
    (({{ dividend }}) div ({{ divisor }}))
{%- endmacro %}

{% macro bigquery__integer_quotient(dividend, divisor) -%}
    div({{ dividend }}, {{ divisor }})
{%- endmacro %}

{# Quotient of two whole numbers rounded half to even, exact; the first not negative. #}
{% macro integer_quotient_half_even(dividend, divisor) -%}
    {%- set whole = integer_quotient(dividend, divisor) -%}
    {%- set rest = "mod(" ~ dividend ~ ", " ~ divisor ~ ")" -%}
    (
        {{ whole }}
        + case
            when 2 * {{ rest }} > {{ divisor }} then 1
            when 2 * {{ rest }} = {{ divisor }} and mod({{ whole }}, 2) <> 0 then 1
            else 0
        end
    )
{%- endmacro %}

{# A float of 64 bits: what dbt calls a float is one of 32 on some engines. For roots and logarithms
   that end in a rounded decimal, never for money. #}
{% macro type_double() -%}
    {{ return(adapter.dispatch('type_double', 'tributary')()) }}
{%- endmacro %}

{% macro default__type_double() -%}
    double
{%- endmacro %}

{% macro bigquery__type_double() -%}
    float64
{%- endmacro %}
