{# Postscript takes plain E.164, never a digest. #}
{% macro postscript_phone(expression) -%}
    {{ normalise_phone(expression) }}
{%- endmacro %}
