{# Host name of a URL, lower case, without www and port; null where there is none. #}
{% macro url_domain(expression) -%}
    {%- set host = dbt.split_part(dbt.split_part(dbt.split_part(expression, "'://'", 2), "'/'", 1), "'?'", 1) -%}
    nullif({{ regexp_replace_all("lower(" ~ host ~ ")", '^www[.]|:[0-9]+$') }}, '')
{%- endmacro %}
