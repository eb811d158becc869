{# How often a row counts in one replicate of the Poisson bootstrap: a draw of Poisson(1) from
   the first 52 bits of an MD5, so that every engine, version and run draws the same. The digest
   is compared as text with the distribution function in hex: such digits sort like numbers, and
   no engine need read hex. What lies beyond 9, once in nine million draws, counts 10.
   `poisson_is_drawn` is whether the weight is positive: as a filter it is one comparison, the
   weight would be ten. #}
{% macro poisson_weight(md5_expression) -%}
    {%- set thresholds = [
        '5e2d58d8b3bce', 'bc5ab1b16779c', 'eb715e1dc1583', 'fb23979734a26', 'ff1025f59174e',
        'ffd90f3ba4056', 'fffa8b71fc72d', 'ffff540c0914c', 'ffffed1f4aa90', 'fffffe216e642',
    ] -%}
    case
        {%- for threshold in thresholds %}
        when {{ md5_expression }} < '{{ threshold }}' then {{ loop.index0 }}
        {%- endfor %}
        else {{ thresholds | length }}
    end
{%- endmacro %}

{% macro poisson_is_drawn(md5_expression) -%}
    ({{ md5_expression }} >= '5e2d58d8b3bce')
{%- endmacro %}
