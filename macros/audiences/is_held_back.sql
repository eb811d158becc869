{# Where a member falls between 0 and 1, the same for ever: the first four hex digits of the MD5 of
   her id and the segment. Nobody is held back from everything. #}
{% macro holdout_place(customer_id, segment) -%}
    {%- set digest = md5_hex(customer_id ~ " || " ~ segment) -%}
    (
        (
            {%- for factor in [4096, 256, 16, 1] %}
            {{ factor }} * (
                {{ dbt.position(
                    "substr(" ~ digest ~ ", " ~ loop.index ~ ", 1)", "'0123456789abcdef'"
                ) }} - 1
            ){{ " +" if not loop.last }}
            {%- endfor %}
        ) / cast(65536 as decimal(18, 6))
    )
{%- endmacro %}

{# Whether a member of a segment, named by a text, is sent nothing so that sending can be measured. #}
{% macro is_held_back(customer_id, segment) -%}
    (
        {{ holdout_place(customer_id, "'" ~ segment ~ "'") }} < (
            select segments.holdout_ratio
            from {{ ref('segments') }} as segments
            where segments.segment = '{{ segment }}'
        )
    )
{%- endmacro %}
