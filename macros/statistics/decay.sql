{# What is left of a weight that halves every `half_life` days, `age` days after: a decimal, so that
   sums of it are the same in every run. #}
{% macro decayed(weight, age, half_life) -%}
    cast(
        cast({{ weight }} as {{ type_double() }})
        * power(
            cast(2 as {{ type_double() }}),
            -cast({{ age }} as {{ type_double() }}) / cast({{ half_life }} as {{ type_double() }})
        ) as decimal(18, 9)
    )
{%- endmacro %}

{# Whether a row with this digest (MD5, hex) is in a random share of all: digests sort like
   numbers. #}
{% macro is_in_random_share(md5_expression, share) -%}
    ({{ md5_expression }} < '{{ '%08x' % ((share * 4294967296) | int) }}')
{%- endmacro %}
