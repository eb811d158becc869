{# Orders that so many mentions stand for: each respondent speaks for order_count /
   respondent_count. #}
{% macro halo_orders(mentions) -%}
    cast(
        cast({{ mentions }} as decimal(18, 6)) * order_count / respondent_count as decimal(18, 6)
    )
{%- endmacro %}

{# What those orders are worth at base_cm2_amount per base_order_count, in whole cents. #}
{% macro halo_amount(mentions) -%}
    {{ round_half_even(
        "cast(cast(" ~ mentions ~ " as " ~ type_double() ~ ") * order_count / respondent_count"
        ~ " * cast(base_cm2_amount as " ~ type_double() ~ ")"
        ~ " / cast(base_order_count as " ~ type_double() ~ ") as decimal(28, 8))", 2
    ) }}
{%- endmacro %}
