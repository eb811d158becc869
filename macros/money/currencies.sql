{# How many minor units make one unit of a currency with `digits` decimals. #}
{% macro minor_units_per_unit(digits) -%}
    case {{ digits }} when 0 then 1 when 2 then 100 when 3 then 1000 when 4 then 10000 end
{%- endmacro %}

{# Value of one minor unit of a currency with `digits` decimals. #}
{% macro minor_unit_amount(digits) -%}
    case {{ digits }}
        when 0 then cast(1 as decimal(5, 4))
        when 2 then cast(0.01 as decimal(5, 4))
        when 3 then cast(0.001 as decimal(5, 4))
        when 4 then cast(0.0001 as decimal(5, 4))
    end
{%- endmacro %}

{# Any decimal rounded half to even to whole minor units of a currency with `digits` decimals. #}
{% macro round_to_minor_unit(amount, digits) -%}
    {%- set units = "((" ~ amount ~ ") * " ~ minor_units_per_unit(digits) ~ ")" -%}
    {%- set fraction = "(" ~ units ~ " - floor(" ~ units ~ "))" -%}
    cast(
        (
            cast(floor({{ units }}) as decimal(18, 0))
            + case
                when {{ fraction }} > 0.5 then 1
                when {{ fraction }} = 0.5 and mod(floor({{ units }}), 2) <> 0 then 1
                else 0
            end
        ) * {{ minor_unit_amount(digits) }} as decimal(18, 4)
    )
{%- endmacro %}

{# Rate from a currency to the reporting currency: exactly 1 for the reporting currency itself, null
   where no rate is known, so that nothing is converted by accident. #}
{% macro rate_to_reporting(currency, exchange_rate) -%}
    case
        when {{ currency }} = '{{ var("reporting_currency") }}' then cast(1 as decimal(18, 8))
        else cast({{ exchange_rate }} as decimal(18, 8))
    end
{%- endmacro %}

{# Amount in another currency. A rate of 1 leaves it untouched, below its minor unit too.
   The wide cast keeps an engine from holding the product of two decimals in 64 bits, where
   18 digits with 12 decimals end at a million. #}
{% macro convert_amount(amount, rate, digits) -%}
    cast(
        case
            when {{ rate }} = 1 then {{ amount }}
            else {{ round_to_minor_unit("cast(" ~ amount ~ " as decimal(28, 4)) * " ~ rate, digits) }}
        end as decimal(18, 4)
    )
{%- endmacro %}

{# What is left of an amount that contains tax at `ratio`, in whole minor units, half to even. #}
{% macro without_tax(amount, ratio, digits) -%}
    {%- set wide = type_wide_integer() -%}
    {%- set units = "cast(abs(" ~ amount ~ ") * " ~ minor_units_per_unit(digits) ~ " as " ~ wide ~ ")" -%}
    {%- set divisor = "cast((1 + " ~ ratio ~ ") * 1000000 as " ~ wide ~ ")" -%}
    case
        when {{ ratio }} = 0 or {{ amount }} = 0 then {{ amount }}
        else cast(
            sign({{ amount }})
            * cast(
                {{ integer_quotient_half_even(units ~ " * 1000000", divisor) }} as decimal(18, 0)
            ) * {{ minor_unit_amount(digits) }} as decimal(18, 4)
        )
    end
{%- endmacro %}

{# A cost billed in `cost_currency`, in the shop's currency: as it is where the two are one. #}
{% macro cost_in_currency(amount, cost_currency, cost_rate, currency, rate, digits) -%}
    case
        when {{ cost_currency }} = {{ currency }}
            then {{ round_to_minor_unit(amount, digits) }}
        else {{ round_to_minor_unit(
            "cast(cast(" ~ amount ~ " as decimal(28, 4)) * " ~ cost_rate ~ " / " ~ rate
            ~ " as decimal(28, 10))", digits
        ) }}
    end
{%- endmacro %}
