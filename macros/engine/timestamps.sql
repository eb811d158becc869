{# Milliseconds since 1970 of a timestamp in UTC, to the second, as text. #}
{% macro unix_milliseconds_text(expression) -%}
    {%- set epoch = "cast('1970-01-01' as " ~ dbt.type_timestamp() ~ ")" -%}
    cast({{ dbt.datediff(epoch, expression, 'second') }} as {{ dbt.type_string() }}) || '000'
{%- endmacro %}

{# A timestamp in UTC as ISO 8601 text to the second. Every engine writes date and time in the first
   nineteen characters; what follows differs. #}
{% macro iso_utc(expression) -%}
    replace(substr(cast({{ expression }} as {{ dbt.type_string() }}), 1, 19), ' ', 'T') || 'Z'
{%- endmacro %}
