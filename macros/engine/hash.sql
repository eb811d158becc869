{# Hex digests of a text expression, lower case; null stays null. #}
{% macro md5_hex(expression) -%}
    {{ return(adapter.dispatch('md5_hex', 'tributary')(expression)) }}
{%- endmacro %}

{% macro default__md5_hex(expression) -%}
    md5({{ expression }})
{%- endmacro %}

{% macro bigquery__md5_hex(expression) -%}
    to_hex(md5({{ expression }}))
{%- endmacro %}

{% macro sha256_hex(expression) -%}
    {{ return(adapter.dispatch('sha256_hex', 'tributary')(expression)) }}
{%- endmacro %}

{% macro default__sha256_hex(expression) -%}
    sha2({{ expression }}, 256)
{%- endmacro %}

{% macro duckdb__sha256_hex(expression) -%}
    sha256({{ expression }})
{%- endmacro %}

{% macro bigquery__sha256_hex(expression) -%}
    to_hex(sha256({{ expression }}))
{%- endmacro %}

{# The character that no text of a person or vendor holds: it keeps two texts apart. #}
{% macro nul_character() -%}
    {{ return(adapter.dispatch('nul_character', 'tributary')()) }}
{%- endmacro %}

{% macro default__nul_character() -%}
    chr(0)
{%- endmacro %}

{% macro bigquery__nul_character() -%}
    code_points_to_string([0])
{%- endmacro %}

{# Text of several expressions with a separator between them; null counts as the empty text. #}
{% macro concat_text(expressions, separator='') -%}
    {%- set parts = [] -%}
    {%- for expression in expressions -%}
        {%- do parts.append("coalesce(cast(" ~ expression ~ " as " ~ dbt.type_string() ~ "), '')") -%}
    {%- endfor -%}
    {%- set glue = " || '" ~ separator ~ "' || " if separator else " || " -%}
    ({{ parts | join(glue) }})
{%- endmacro %}

{# MD5 of a row. Each value is written with its length, so that ('ab', 'c') and ('a', 'bc') differ;
   null is written as a word without a length, so that null and '' differ. #}
{% macro row_hash(columns) -%}
    {%- set parts = [] -%}
    {%- for column in columns -%}
        {%- set text = "cast(" ~ column ~ " as " ~ dbt.type_string() ~ ")" -%}
        {%- do parts.append(
            "coalesce(cast(length(" ~ text ~ ") as " ~ dbt.type_string() ~ ") || ':' || " ~ text ~ ", 'null')"
        ) -%}
    {%- endfor -%}
    {{ md5_hex("(" ~ (parts | join(" || ';' || ")) ~ ")") }}
{%- endmacro %}
