{# Share by which a claim falls short of its reference: 1 - claim / reference. Above 0 it tells too
   little, below 0 too much; null where the reference is not positive. A ratio, never money. #}
{% macro gap_ratio(claim, reference) -%}
    case
        when {{ reference }} > 0
            then cast(1 - {{ claim }} / {{ reference }} as decimal(18, 6))
    end
{%- endmacro %}

{# What a reader is told of a gap: a number alone would say more than is known. #}
{% macro gap_statement(gap, low, high) -%}
    case
        when {{ gap }} is null then 'nothing to hold the claim against'
        when {{ low }} > 0 then 'under-reported'
        when {{ high }} < 0 then 'over-claimed'
        else 'not distinguishable from zero'
    end
{%- endmacro %}
