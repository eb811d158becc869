{# Quotient of two whole numbers as a ratio of six decimals, rounded half to even without a double;
   the first not negative, the second positive. A ratio that may reach a thousand names its type. #}
{% macro ratio_half_even(dividend, divisor, type='decimal(9, 6)') -%}
    {%- set wide = type_wide_integer() -%}
    cast(
        cast(
            {{ integer_quotient_half_even(
                "cast(" ~ dividend ~ " as " ~ wide ~ ") * 1000000",
                "cast(" ~ divisor ~ " as " ~ wide ~ ")"
            ) }} as decimal(18, 0)
        ) * 0.000001 as {{ type }}
    )
{%- endmacro %}
