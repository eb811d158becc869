{# The end of every list and audience: of the rows of `shaped` that fit, an address once, whoever had
   it first, with the hash of what is sent.

   payload: columns that are sent
   address: what tells people apart at the vendor
   fits:    which rows may go at all #}
{% macro once_per_address(payload, address, fits) -%}
ranked as (
    select
        *,
        row_number() over (partition by {{ address }} order by first_seen_at, customer_id) as place
    from shaped
    where {{ fits }}
),

final as (
    select
        customer_id,
        {%- for column in payload %}
            {{ column }},
        {%- endfor %}
        {{ row_hash(payload) }} as row_hash
    from ranked
    where place = 1
)

select * from final
{%- endmacro %}
