{# Google Data Manager: Gmail's dots and +tag go, the domain stays as written; phones with plus;
   names keep their punctuation; region and postal code are never hashed. #}
{% macro google_email(expression) -%}
    {%- set email = "(" ~ normalise_email(expression) ~ ")" -%}
    case
        when {{ dbt.split_part(email, "'@'", 2) }} in ('gmail.com', 'googlemail.com')
            then nullif({{ email_mailbox(email) }}, '') || '@' || {{ dbt.split_part(email, "'@'", 2) }}
        else {{ email }}
    end
{%- endmacro %}

{% macro google_email_sha256(expression) -%}
    {{ sha256_of_normal_form("(" ~ google_email(expression) ~ ")") }}
{%- endmacro %}

{% macro google_phone_sha256(expression) -%}
    {{ sha256_of_normal_form("(" ~ normalise_phone(expression) ~ ")") }}
{%- endmacro %}

{% macro google_name_sha256(expression) -%}
    {{ sha256_of_normal_form("lower(" ~ stripped_text(expression) ~ ")") }}
{%- endmacro %}

{% macro google_region_code(expression) -%}
    upper({{ stripped_text(expression) }})
{%- endmacro %}

{% macro google_postal_code(expression) -%}
    {{ stripped_text(expression) }}
{%- endmacro %}
