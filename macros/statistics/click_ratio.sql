{# Clicks per impression as a double, of the columns that begin alike: a factor of a ratio that is
   rounded at its end. #}
{% macro click_ratio(owner, period) -%}
    (
        cast({{ owner }}{{ period }}link_click_count as {{ type_double() }})
        / {{ owner }}{{ period }}impression_count
    )
{%- endmacro %}
