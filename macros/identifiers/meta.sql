{# Meta: e-mail keeps dots and +tag; phone without plus; names and places lower case, letters and
   digits of any script only (Meta's own SDK drops é and hashes the empty text instead). #}
{% macro meta_email_sha256(expression) -%}
    {{ sha256_of_normal_form("(" ~ normalise_email(expression) ~ ")") }}
{%- endmacro %}

{% macro meta_phone_sha256(expression) -%}
    {{ sha256_of_normal_form("replace(" ~ normalise_phone(expression) ~ ", '+', '')") }}
{%- endmacro %}

{% macro meta_text(expression) -%}
    lower({{ letters_and_digits(nfc(expression)) }})
{%- endmacro %}

{% macro meta_name_sha256(expression) -%}
    {{ sha256_of_normal_form(meta_text(expression)) }}
{%- endmacro %}

{% macro meta_city_sha256(expression) -%}
    {{ sha256_of_normal_form(meta_text(expression)) }}
{%- endmacro %}

{# The two-letter code of a state; a US state written out becomes its code. #}
{% macro meta_state(expression) -%}
    {%- set states = {
        'alabama': 'al', 'alaska': 'ak', 'arizona': 'az', 'arkansas': 'ar', 'california': 'ca',
        'colorado': 'co', 'connecticut': 'ct', 'delaware': 'de', 'districtofcolumbia': 'dc',
        'florida': 'fl', 'georgia': 'ga', 'hawaii': 'hi', 'idaho': 'id', 'illinois': 'il',
        'indiana': 'in', 'iowa': 'ia', 'kansas': 'ks', 'kentucky': 'ky', 'louisiana': 'la',
        'maine': 'me', 'maryland': 'md', 'massachusetts': 'ma', 'michigan': 'mi',
        'minnesota': 'mn', 'mississippi': 'ms', 'missouri': 'mo', 'montana': 'mt',
        'nebraska': 'ne', 'nevada': 'nv', 'newhampshire': 'nh', 'newjersey': 'nj',
        'newmexico': 'nm', 'newyork': 'ny', 'northcarolina': 'nc', 'northdakota': 'nd',
        'ohio': 'oh', 'oklahoma': 'ok', 'oregon': 'or', 'pennsylvania': 'pa',
        'rhodeisland': 'ri', 'southcarolina': 'sc', 'southdakota': 'sd', 'tennessee': 'tn',
        'texas': 'tx', 'utah': 'ut', 'vermont': 'vt', 'virginia': 'va', 'washington': 'wa',
        'westvirginia': 'wv', 'wisconsin': 'wi', 'wyoming': 'wy'
    } -%}
    case {{ meta_text(expression) }}
        {%- for name, code in states.items() %}
        when '{{ name }}' then '{{ code }}'
        {%- endfor %}
        else {{ meta_text(expression) }}
    end
{%- endmacro %}

{% macro meta_state_sha256(expression) -%}
    {{ sha256_of_normal_form("(" ~ meta_state(expression) ~ ")") }}
{%- endmacro %}

{# A US ZIP+4 keeps its first five digits; other postal codes lose spaces and dashes. #}
{% macro meta_zip(expression) -%}
    {%- set zip = stripped_text(expression) -%}
    case
        when {{ regexp_like(zip, '^[0-9]{5}-[0-9]{4}$') }} then substr({{ zip }}, 1, 5)
        else {{ meta_text(zip) }}
    end
{%- endmacro %}

{% macro meta_zip_sha256(expression) -%}
    {{ sha256_of_normal_form("(" ~ meta_zip(expression) ~ ")") }}
{%- endmacro %}

{# The two-letter country code; a written-out name is refused, not cut to two letters. #}
{% macro meta_country_sha256(expression) -%}
    {%- set country = "lower(" ~ stripped_text(expression) ~ ")" -%}
    {{ sha256_of_normal_form(
        "(case when " ~ regexp_like(country, '^[a-z]{2}$') ~ " then " ~ country ~ " end)"
    ) }}
{%- endmacro %}
