{# What the next unit of spend brings of an amount that stands on sales = k × spend^elasticity:
   elasticity × amount / spend, to four decimals, half to even and without a double. Reads
   spend_amount, which is positive; null where the elasticity is. #}
{% macro marginal_per_spend(amount, elasticity) -%}
    {%- set wide = type_wide_integer() -%}
    case
        when {{ elasticity }} is not null
            then cast(
                sign({{ amount }})
                * cast(
                    {{ integer_quotient_half_even(
                        "cast(abs(" ~ amount ~ ") * 10000 as " ~ wide ~ ") * cast(" ~ elasticity
                        ~ " * 1000000 as " ~ wide ~ ")",
                        "cast(spend_amount * 10000 as " ~ wide ~ ") * 100"
                    ) }} as decimal(18, 0)
                ) * 0.0001 as decimal(18, 4)
            )
    end
{%- endmacro %}

{# The weekly spend at which the next unit just pays, s × (elasticity × budget / spend)^(1 / (1 -
   elasticity)) by its logarithm, kept within the weeks seen: beyond them nobody knows the curve. #}
{% macro best_weekly_spend(weekly_spend, best_log, least_spend, most_spend) -%}
    cast(
        case
            when {{ best_log }} is null then {{ least_spend }}
            else greatest(
                cast({{ least_spend }} as {{ type_double() }}),
                least(
                    cast({{ most_spend }} as {{ type_double() }}),
                    {{ weekly_spend }} * exp(least({{ best_log }}, 20))
                )
            )
        end as decimal(18, 4)
    )
{%- endmacro %}
