{# Patterns are given as plain regular expressions without a single quote; `pattern_literal` writes
   them as the engine's literal, because some engines read a backslash in a text as an escape. #}
{% macro pattern_literal(pattern) -%}
    {{ return(adapter.dispatch('pattern_literal', 'tributary')(pattern)) }}
{%- endmacro %}

{% macro default__pattern_literal(pattern) -%}
    '{{ pattern | replace("\\", "\\\\") }}'
{%- endmacro %}

{% macro duckdb__pattern_literal(pattern) -%}
    '{{ pattern }}'
{%- endmacro %}

{% macro bigquery__pattern_literal(pattern) -%}
    r'{{ pattern }}'
{%- endmacro %}

{# Every match replaced by a plain text (no back references: engines write them differently). #}
{% macro regexp_replace_all(expression, pattern, replacement='') -%}
    {{ return(adapter.dispatch('regexp_replace_all', 'tributary')(expression, pattern, replacement)) }}
{%- endmacro %}

{% macro default__regexp_replace_all(expression, pattern, replacement) -%}
    regexp_replace({{ expression }}, {{ pattern_literal(pattern) }}, '{{ replacement }}')
{%- endmacro %}

{% macro duckdb__regexp_replace_all(expression, pattern, replacement) -%}
    regexp_replace({{ expression }}, {{ pattern_literal(pattern) }}, '{{ replacement }}', 'g')
{%- endmacro %}

{# True where the pattern matches anywhere in the text; null stays null. #}
{% macro regexp_like(expression, pattern) -%}
    {{ return(adapter.dispatch('regexp_like', 'tributary')(expression, pattern)) }}
{%- endmacro %}

{% macro default__regexp_like(expression, pattern) -%}
    (regexp_instr({{ expression }}, {{ pattern_literal(pattern) }}) > 0)
{%- endmacro %}

{% macro duckdb__regexp_like(expression, pattern) -%}
    regexp_matches({{ expression }}, {{ pattern_literal(pattern) }})
{%- endmacro %}

{% macro spark__regexp_like(expression, pattern) -%}
    ({{ expression }} rlike {{ pattern_literal(pattern) }})
{%- endmacro %}

{% macro bigquery__regexp_like(expression, pattern) -%}
    regexp_contains({{ expression }}, {{ pattern_literal(pattern) }})
{%- endmacro %}

{# The first group of the first match; null where nothing, or an empty text, matched. #}
{% macro regexp_first_group(expression, pattern) -%}
    {{ return(adapter.dispatch('regexp_first_group', 'tributary')(expression, pattern)) }}
{%- endmacro %}

{% macro default__regexp_first_group(expression, pattern) -%}
    nullif(regexp_extract({{ expression }}, {{ pattern_literal(pattern) }}, 1), '')
{%- endmacro %}

{% macro snowflake__regexp_first_group(expression, pattern) -%}
    nullif(regexp_substr({{ expression }}, {{ pattern_literal(pattern) }}, 1, 1, 'e', 1), '')
{%- endmacro %}

{% macro bigquery__regexp_first_group(expression, pattern) -%}
    nullif(regexp_extract({{ expression }}, {{ pattern_literal(pattern) }}), '')
{%- endmacro %}

{# Unicode NFC: é as one code point and e with an accent become equal. Spark and Snowflake have no
   such function; there the text passes as it is, and landing's normalisation is all there is. #}
{% macro nfc(expression) -%}
    {{ return(adapter.dispatch('nfc', 'tributary')(expression)) }}
{%- endmacro %}

{% macro default__nfc(expression) -%}
    {{ expression }}
{%- endmacro %}

{% macro duckdb__nfc(expression) -%}
    nfc_normalize({{ expression }})
{%- endmacro %}

{% macro bigquery__nfc(expression) -%}
    normalize({{ expression }}, nfc)
{%- endmacro %}

{# Only letters, marks and digits of any script stay. Snowflake's expressions know no scripts: there
   ASCII punctuation and spaces go. #}
{% macro letters_and_digits(expression) -%}
    {{ return(adapter.dispatch('letters_and_digits', 'tributary')(expression)) }}
{%- endmacro %}

{% macro default__letters_and_digits(expression) -%}
    {{ regexp_replace_all(expression, '[^\\p{L}\\p{M}\\p{N}]') }}
{%- endmacro %}

{% macro snowflake__letters_and_digits(expression) -%}
    {{ regexp_replace_all(expression, '[[:punct:][:space:]]') }}
{%- endmacro %}

{# Runs of what is neither a letter, a digit nor one of the `kept` characters (no bracket, dash,
   backslash or caret among them) become `replacement`. Snowflake's expressions know no scripts: there
   ASCII punctuation goes and other signs stay. #}
{% macro letters_digits_and(expression, kept, replacement) -%}
    {{ return(adapter.dispatch('letters_digits_and', 'tributary')(expression, kept, replacement)) }}
{%- endmacro %}

{% macro default__letters_digits_and(expression, kept, replacement) -%}
    {{ regexp_replace_all(expression, '[^\\p{L}\\p{N}' ~ kept ~ ']+', replacement) }}
{%- endmacro %}

{% macro snowflake__letters_digits_and(expression, kept, replacement) -%}
    {%- set signs = '!"$%&()*+,./:;<=>[]^`{|}~\\-#@_?' -%}
    {%- set gone = [] -%}
    {%- for sign in signs if sign not in kept -%}
        {%- do gone.append('[' ~ sign ~ ']' if sign not in '[]^\\' else '\\' ~ sign) -%}
    {%- endfor -%}
    {{ regexp_replace_all(expression, '(' ~ gone | join('|') ~ ')+', replacement) }}
{%- endmacro %}
