{# Our own digest of a person's address, as suppressions and look-ups know it; no vendor's rule. #}
{% macro subject_email_sha256(expression) -%}
    {{ sha256_of_normal_form("(" ~ normalise_email(expression) ~ ")") }}
{%- endmacro %}

{% macro subject_phone_sha256(expression) -%}
    {{ sha256_of_normal_form("(" ~ normalise_phone(expression) ~ ")") }}
{%- endmacro %}

{# The digest of an id that a shop, an account or a browser carries, as the collector makes it. #}
{% macro subject_issued_sha256(scope, value) -%}
    {{ sha256_hex("(" ~ scope ~ " || " ~ nul_character() ~ " || " ~ value ~ ")") }}
{%- endmacro %}
