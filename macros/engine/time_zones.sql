{# Wall clock time in `timezone` (IANA name) of a timestamp in UTC. #}
{% macro local_timestamp(expression, timezone) -%}
    {{ return(adapter.dispatch('local_timestamp', 'tributary')(expression, timezone)) }}
{%- endmacro %}

{% macro default__local_timestamp(expression, timezone) -%}
    timezone('{{ timezone }}', timezone('UTC', {{ expression }}))
{%- endmacro %}

{% macro spark__local_timestamp(expression, timezone) -%}
    from_utc_timestamp({{ expression }}, '{{ timezone }}')
{%- endmacro %}

{% macro snowflake__local_timestamp(expression, timezone) -%}
    convert_timezone('UTC', '{{ timezone }}', {{ expression }})
{%- endmacro %}

{% macro bigquery__local_timestamp(expression, timezone) -%}
    datetime(timestamp({{ expression }}), '{{ timezone }}')
{%- endmacro %}
