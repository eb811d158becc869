{# Normal forms of personal identifiers. Everything null in, null out; what is not valid is null,
   so that nothing unusable is matched or hashed. #}

{# Version of the rules in this folder; stands beside each hash that leaves, because a hash made by
   another version does not match. #}
{% macro normaliser_version() -%}
    'tributary-1'
{%- endmacro %}

{# Outer white space of any kind removed, Unicode composed; the empty text becomes null. #}
{% macro stripped_text(expression) -%}
    nullif({{ regexp_replace_all(nfc(expression), '^\\s+|\\s+$') }}, '')
{%- endmacro %}

{# What a person receives mail under: lower case, without outer space or a trailing dot. #}
{% macro normalise_email(expression) -%}
    {%- set email = "lower(" ~ regexp_replace_all(stripped_text(expression), '[.]+$') ~ ")" -%}
    case when {{ regexp_like(email, '^[^@\\s]+@[^@\\s.]+([.][^@\\s.]+)+$') }} then {{ email }} end
{%- endmacro %}

{# The part before the @ with dots and +tag removed, as Gmail reads it. #}
{% macro email_mailbox(email) -%}
    replace({{ dbt.split_part(dbt.split_part(email, "'@'", 1), "'+'", 1) }}, '.', '')
{%- endmacro %}

{# For matching only, never for sending: Gmail's dots and +tag removed, its two domains made one. #}
{% macro normalise_email_for_matching(expression) -%}
    {%- set email = "(" ~ normalise_email(expression) ~ ")" -%}
    case
        when {{ dbt.split_part(email, "'@'", 2) }} in ('gmail.com', 'googlemail.com')
            then nullif({{ email_mailbox(email) }}, '') || '@gmail.com'
        else {{ email }}
    end
{%- endmacro %}

{# E.164 with plus, as landing writes it; anything else is refused, never repaired here. #}
{% macro normalise_phone(expression) -%}
    case when {{ regexp_like(expression, '^[+][1-9][0-9]{6,14}$') }} then {{ expression }} end
{%- endmacro %}

{# SHA-256 of a normal form. Never of nothing, and never of what is a digest already: an MD5 or a
   SHA-256 that slipped into the column would be sent as a hash that no one can match. #}
{% macro sha256_of_normal_form(expression) -%}
    case
        when {{ expression }} <> ''
            and not {{ regexp_like(expression, '^([0-9a-f]{32}|[0-9a-f]{64})$') }}
            then {{ sha256_hex(expression) }}
    end
{%- endmacro %}

{# A key of the first given name: equal for 'Anne', ' ANNE ' and 'Anne Marie'. Names are compared,
   never shown, where this stands. #}
{% macro person_name_key(expression) -%}
    {%- set first_word = dbt.split_part(stripped_text(expression), "' '", 1) -%}
    {{ md5_hex("nullif(lower(" ~ letters_and_digits(first_word) ~ "), '')") }}
{%- endmacro %}
