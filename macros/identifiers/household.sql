{# Keys by which people of one household meet: digests, compared and never shown. Null where a part
   is missing, so that nothing is tied by half an address. #}

{# Letters and digits of a name in lower case; punctuation, spaces and case are not kept apart. #}
{% macro plain_name(expression) -%}
    nullif(lower({{ letters_and_digits(stripped_text(expression)) }}), '')
{%- endmacro %}

{# First and last name together. #}
{% macro whole_name_key(first_name, last_name) -%}
    {{ md5_hex(plain_name(first_name) ~ " || '|' || " ~ plain_name(last_name)) }}
{%- endmacro %}

{# A street line in which a word that people write long or short is short, and the word before the
   number of a flat is dropped. Spaces stay: '1 12th St' is not '11 2th St'. #}
{% macro plain_street(expression) -%}
    {%- set marks = regexp_replace_all("lower(" ~ nfc(expression) ~ ")", '[.,#\\s-]+', ' ') -%}
    {%- set flats = regexp_replace_all(
        "' ' || " ~ marks ~ " || ' '", ' (apartment|apt|unit|suite|ste) ', ' '
    ) -%}
    {%- set steps = namespace(text=regexp_replace_all(flats, 'stra(ß|ss)e', 'str')) -%}
    {%- for long, short in [
        ('street', 'st'), ('avenue', 'ave'), ('road', 'rd'), ('drive', 'dr'), ('lane', 'ln'),
        ('boulevard', 'blvd'), ('court', 'ct')
    ] -%}
        {%- set steps.text = "replace(" ~ steps.text ~ ", ' " ~ long ~ " ', ' " ~ short ~ " ')" -%}
    {%- endfor -%}
    nullif(trim({{ steps.text }}), '')
{%- endmacro %}

{# The first five digits of a ZIP name a place in the United States; the four after them are often
   left out. #}
{% macro plain_zip(zip, country_code) -%}
    nullif(
        case
            when upper({{ country_code }}) = 'US' then substr({{ letters_and_digits(zip) }}, 1, 5)
            else lower({{ letters_and_digits(zip) }})
        end,
        ''
    )
{%- endmacro %}

{# Street line, postal code and country; not the city, which people spell as they like. #}
{% macro address_key(street, zip, country_code) -%}
    {{ md5_hex(
        plain_street(street) ~ " || '|' || " ~ plain_zip(zip, country_code)
        ~ " || '|' || upper(" ~ country_code ~ ")"
    ) }}
{%- endmacro %}
