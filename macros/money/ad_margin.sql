{# The columns that the marts by ad, campaign and channel share, as sums over int_ad_margin_daily:
   one list, so that each grain sums to the next by construction. #}
{% macro ad_margin_columns() -%}
    '{{ var("margin_attribution_model") }}' as attribution_model,
    cast(sum(impression_count) as {{ dbt.type_bigint() }}) as impression_count,
    cast(sum(link_click_count) as {{ dbt.type_bigint() }}) as link_click_count,
    cast(sum(credited_order_count) as decimal(18, 6)) as credited_order_count,
    cast(sum(spend_amount) as decimal(18, 4)) as spend_amount,
    cast(sum(allocated_spend_amount) as decimal(18, 4)) as allocated_spend_amount,
    cast(sum(unallocated_spend_amount) as decimal(18, 4)) as unallocated_spend_amount,
    cast(sum(credited_net_merchandise_sales_amount) as decimal(18, 4))
        as credited_net_merchandise_sales_amount,
    cast(sum(credited_cm2_amount) as decimal(18, 4)) as credited_cm2_amount,
    cast(sum(credited_cm2_amount) - sum(spend_amount) as decimal(18, 4)) as cm3_amount,
    cast(sum(credited_cm2_event_amount) as decimal(18, 4)) as credited_cm2_event_amount,
    cast(sum(credited_cm2_event_amount) - sum(spend_amount) as decimal(18, 4)) as cm3_event_amount,
    {{ coverage_ratio('sum(covered_sales_amount)', 'sum(costed_sales_amount)') }}
        as cost_coverage_ratio
{%- endmacro %}
