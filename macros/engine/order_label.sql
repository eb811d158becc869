{# A new label for the node with label `expression` (0 … 2^31-2): a permutation that differs from
   round to round. Round 0 keeps the labels. a*x + b modulo a prime is a bijection, needs nothing
   but integers, and gives pairwise independent orders, which is what random contraction needs;
   an engine with a faster hash may override it. #}
{% macro order_label(expression, round) -%}
    {{ return(adapter.dispatch('order_label', 'tributary')(expression, round)) }}
{%- endmacro %}

{% macro default__order_label(expression, round) -%}
    {%- if round == 0 -%}
        {{ expression }}
    {%- else -%}
        {%- set prime = 2147483647 -%}
        {%- set factor = 1 + (local_md5('factor ' ~ round)[:12] | int(base=16)) % (prime - 1) -%}
        {%- set offset = (local_md5('offset ' ~ round)[:12] | int(base=16)) % prime -%}
        mod({{ expression }} * {{ factor }} + {{ offset }}, {{ prime }})
    {%- endif -%}
{%- endmacro %}
