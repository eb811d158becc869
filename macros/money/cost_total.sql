{# Sum of amounts in the width that amounts are stored in. #}
{% macro cost_sum(amount) -%}
    cast(sum({{ amount }}) as decimal(18, 4))
{%- endmacro %}

{# Sum of one cost type over `cost_lines` as a column; `sign` -1 shows a cost, which is negative in
   margin, as a positive amount. #}
{% macro cost_total(cost_type, sign=1) -%}
    {{ cost_sum(
        "case when cost_type = '" ~ cost_type ~ "' then " ~ ('-' if sign == -1 else '')
        ~ "amount else 0 end"
    ) }}
{%- endmacro %}
