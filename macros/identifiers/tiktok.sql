{# TikTok has two rules. Events: e-mail keeps its +tag, phone has its plus. Segments: the +tag goes on
   any domain and dots stay, phone is digits only. So each e-mail and phone has two digests, and
   neither matches where the other is expected. #}
{% macro tiktok_event_email_sha256(expression) -%}
    {{ sha256_of_normal_form("(" ~ normalise_email(expression) ~ ")") }}
{%- endmacro %}

{% macro tiktok_event_phone_sha256(expression) -%}
    {{ sha256_of_normal_form("(" ~ normalise_phone(expression) ~ ")") }}
{%- endmacro %}

{% macro tiktok_external_id_sha256(expression) -%}
    {{ sha256_of_normal_form("lower(" ~ stripped_text(expression) ~ ")") }}
{%- endmacro %}

{# Null where nothing stands before the +: that is no mailbox. #}
{% macro tiktok_segment_email(expression) -%}
    {%- set email = "(" ~ normalise_email(expression) ~ ")" -%}
    {%- set mailbox = dbt.split_part(dbt.split_part(email, "'@'", 1), "'+'", 1) -%}
    nullif({{ mailbox }}, '') || '@' || {{ dbt.split_part(email, "'@'", 2) }}
{%- endmacro %}

{% macro tiktok_segment_email_sha256(expression) -%}
    {{ sha256_of_normal_form("(" ~ tiktok_segment_email(expression) ~ ")") }}
{%- endmacro %}

{% macro tiktok_segment_phone_sha256(expression) -%}
    {{ sha256_of_normal_form("replace(" ~ normalise_phone(expression) ~ ", '+', '')") }}
{%- endmacro %}
