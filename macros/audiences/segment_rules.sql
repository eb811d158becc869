{# Thresholds of one audience as the columns of one row; an audience without them is empty, since
   nothing compares with null. #}
{% macro segment_rules(audience, keys) -%}
    select
        {%- for key in keys %}
            max(case when rule_key = '{{ key }}' then rule_value end) as {{ key }}
            {{- "," if not loop.last }}
        {%- endfor %}
    from {{ ref('audience_rules') }}
    where audience = '{{ audience }}'
{%- endmacro %}
