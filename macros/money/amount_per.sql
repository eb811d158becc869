{# An amount divided by a positive count of at most six decimals, to four decimals, half to even and
   without a double; null where there is nothing to divide by. #}
{% macro amount_per(amount, divisor) -%}
    {%- set wide = type_wide_integer() -%}
    case
        when {{ divisor }} > 0
            then cast(
                sign({{ amount }})
                * cast(
                    {{ integer_quotient_half_even(
                        "cast(abs(cast(" ~ amount ~ " as decimal(28, 4))) * 10000 as " ~ wide ~ ") * 1000000",
                        "cast(" ~ divisor ~ " * 1000000 as " ~ wide ~ ")"
                    ) }} as decimal(18, 0)
                ) * 0.0001 as decimal(18, 4)
            )
    end
{%- endmacro %}
