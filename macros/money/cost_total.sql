{# Sum of one cost type over `cost_lines` as a column; `sign` -1 shows a cost, which is negative in
   margin, as a positive amount. #}
{% macro cost_total(cost_type, sign=1) -%}
    cast(
        sum(case when cost_type = '{{ cost_type }}' then {{ '-' if sign == -1 }}amount else 0 end)
        as decimal(18, 4)
    )
{%- endmacro %}
