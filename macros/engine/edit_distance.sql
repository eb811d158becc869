{# Fewest letters put in, taken out or changed that make one text of another. #}
{% macro edit_distance(first, second) -%}
    {{ return(adapter.dispatch('edit_distance', 'tributary')(first, second)) }}
{%- endmacro %}

{% macro default__edit_distance(first, second) -%}
    levenshtein({{ first }}, {{ second }})
{%- endmacro %}

{% macro snowflake__edit_distance(first, second) -%}
    editdistance({{ first }}, {{ second }})
{%- endmacro %}

{% macro bigquery__edit_distance(first, second) -%}
    edit_distance({{ first }}, {{ second }})
{%- endmacro %}
