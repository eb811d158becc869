{# Share of sales whose cost of goods is known, 0 to 1; null where nothing was sold, as there is
   nothing to be sure of. Both are sums of amounts that are not negative. #}
{% macro coverage_ratio(covered_amount, sales_amount) -%}
    case
        when {{ sales_amount }} > 0
            then cast(
                cast({{ covered_amount }} as decimal(28, 4))
                / cast({{ sales_amount }} as decimal(28, 4)) as decimal(9, 6)
            )
    end
{%- endmacro %}

{# The coverage of order lines, as an aggregate over fct_order_line_margin. #}
{% macro cost_coverage_of_lines(lines) -%}
    {{ coverage_ratio(
        "sum(case when " ~ lines ~ ".cost_quality = 'missing' then 0"
        ~ " else greatest(" ~ lines ~ ".net_merchandise_sales_amount, 0) end)",
        "sum(greatest(" ~ lines ~ ".net_merchandise_sales_amount, 0))"
    ) }}
{%- endmacro %}
