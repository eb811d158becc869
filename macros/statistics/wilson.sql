{# Wilson's bound of a share: `side` -1 the lower, 1 the upper one. `z` is the normal quantile, 1.645
   for an interval of 90 %. Trials must be positive; a fraction of a success is none too small. The
   root is a double, its result a ratio of six decimals: it is a bound and no sum. #}
{% macro wilson_bound(successes, trials, z, side) -%}
    {%- set k = "cast(least(" ~ successes ~ ", " ~ trials ~ ") as " ~ type_double() ~ ")" -%}
    {%- set z_squared = z * z -%}
    cast(
        (
            2 * {{ k }} + {{ z_squared }}
            {{ '+' if side == 1 else '-' }} {{ z }} * sqrt(
                {{ z_squared }} + 4 * {{ k }} * (1 - {{ k }} / {{ trials }})
            )
        ) / (2 * ({{ trials }} + {{ z_squared }})) as decimal(9, 6)
    )
{%- endmacro %}
