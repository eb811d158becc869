{# Like regexp_like, where the pattern is a column and not a literal: of a seed that a person edits.
   Such a pattern holds no backslash, for engines differ in how a text writes one. #}
{% macro regexp_like_column(expression, pattern_column) -%}
    {{ return(adapter.dispatch('regexp_like_column', 'tributary')(expression, pattern_column)) }}
{%- endmacro %}

{% macro default__regexp_like_column(expression, pattern_column) -%}
    (regexp_instr({{ expression }}, {{ pattern_column }}) > 0)
{%- endmacro %}

{% macro duckdb__regexp_like_column(expression, pattern_column) -%}
    regexp_matches({{ expression }}, {{ pattern_column }})
{%- endmacro %}

{% macro spark__regexp_like_column(expression, pattern_column) -%}
    ({{ expression }} rlike {{ pattern_column }})
{%- endmacro %}

{% macro bigquery__regexp_like_column(expression, pattern_column) -%}
    regexp_contains({{ expression }}, {{ pattern_column }})
{%- endmacro %}
