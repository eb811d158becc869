{# Amount as decimal(18, 4), rounded half to even from the text form of any numeric column. #}
{% macro money(expression) -%}
    {%- set amount = "cast(cast(" ~ expression ~ " as " ~ dbt.type_string() ~ ") as decimal(28, 10))" -%}
    {{ round_half_even(amount, 4) }}
{%- endmacro %}

{# Amount from millionths of a currency unit, as ad platforms report it. #}
{% macro micros(expression) -%}
    {{ round_half_even("(cast(" ~ expression ~ " as decimal(18, 0)) * cast(0.000001 as decimal(7, 6)))", 4) }}
{%- endmacro %}

{# Half-to-even rounding of a decimal to `scale` places; no engine's round() does it for decimals. #}
{% macro round_half_even(amount, scale) -%}
    {%- set power = 10 ** scale -%}
    {%- set whole = "floor(" ~ amount ~ " * " ~ power ~ ")" -%}
    {%- set fraction = "(" ~ amount ~ " * " ~ power ~ " - " ~ whole ~ ")" -%}
    cast(
        (
            {{ whole }}
            + case
                when {{ fraction }} > 0.5 then 1
                when {{ fraction }} = 0.5 and mod({{ whole }}, 2) <> 0 then 1
                else 0
            end
        ) * cast({{ 1 / power }} as decimal({{ scale + 1 }}, {{ scale }})) as decimal(18, {{ scale }})
    )
{%- endmacro %}
