{# What orders say of an ad's cost per order. Orders come by chance at a rate of spend (Poisson);
   the prior of the rate is Gamma(1, target), the posterior Gamma(1 + orders, target + spend). The
   chance that a cost per order lies below the target is then that of at most `orders` events where
   y = (target + spend) / target are expected: a sum of orders + 1 terms.

   Distribution function of the normal: Abramowitz and Stegun 26.2.17, off by less than 1e-7. #}
{% macro normal_distribution(z) -%}
    {%- set t = "(1 / (1 + 0.2316419 * abs(" ~ z ~ ")))" -%}
    {%- set tail -%}
        0.3989422804014327 * exp(-({{ z }}) * ({{ z }}) / 2) * {{ t }} * (
            0.319381530 + {{ t }} * (
                -0.356563782 + {{ t }} * (
                    1.781477937 + {{ t }} * (-1.821255978 + {{ t }} * 1.330274429)
                )
            )
        )
    {%- endset -%}
    (case when {{ z }} < 0 then {{ tail }} else 1 - {{ tail }} end)
{%- endmacro %}

{# Term `number` of the sum, from 0; through logarithms, so that nothing overflows. Terms are summed
   as decimals, because a sum of doubles depends on its order. #}
{% macro poisson_term(expected, number) -%}
    cast(
        exp(
            -({{ expected }}) + {{ number }} * ln({{ expected }})
            - {{ log_gamma(number ~ " + 1.0") }}
        ) as decimal(20, 18)
    )
{%- endmacro %}

{# The same sum as one expression by Wilson and Hilferty's cube root, for any orders, also a
   fraction of one; `orders` and `expected` are doubles. Off by 0.005 at no orders, by 0.0001 from
   150. #}
{% macro poisson_sum_by_cube_root(orders, expected) -%}
    {{ normal_distribution(
        "(3 * sqrt(" ~ orders ~ " + 1) * (1 - 1 / (9 * (" ~ orders ~ " + 1)) - power("
        ~ expected ~ " / (" ~ orders ~ " + 1), 0.3333333333333333)))"
    ) }}
{%- endmacro %}

{# Bound of the posterior rate in orders per target's worth of spend: `side` -1 the lower, 1 the
   upper one, by the same cube root; within 1 % from 3 orders on. #}
{% macro rate_bound(orders, z, side) -%}
    (
        ({{ orders }} + 1) * power(
            1 - 1 / (9 * ({{ orders }} + 1.0))
            {{ '+' if side == 1 else '-' }} {{ z }} / (3 * sqrt({{ orders }} + 1.0)), 3
        )
    )
{%- endmacro %}
