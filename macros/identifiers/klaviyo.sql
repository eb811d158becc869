{# Klaviyo takes plain text: dots and +tags stay. #}
{% macro klaviyo_email(expression) -%}
    {{ normalise_email(expression) }}
{%- endmacro %}

{% macro klaviyo_phone(expression) -%}
    {{ normalise_phone(expression) }}
{%- endmacro %}
