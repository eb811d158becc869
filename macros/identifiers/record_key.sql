{# Key of a source row across all shops and tables: what identity calls a node. #}
{% macro record_key() -%}
    source_relation || '|' || source_table || '|' || source_row_id
{%- endmacro %}
