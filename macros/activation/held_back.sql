{# The record of who is held back from a segment, in two halves. Both arms are asked for the same
   yes, or they could not be compared. The model has `members` and `dim_customers`. #}

{# The members; a where with `eligible` follows. #}
{% macro held_back_shape(segment) -%}
    select
        dim_customers.customer_id,
        '{{ segment }}' as segment,
        {{ normaliser_version() }} as normaliser_version
    from dim_customers
    inner join members
        on dim_customers.customer_id = members.customer_id
{%- endmacro %}

{# The rows of `shaped` to deliver. #}
{% macro held_back_rows() -%}
final as (
    select
        customer_id,
        segment,
        normaliser_version,
        {{ row_hash(['segment', 'normaliser_version']) }} as row_hash
    from shaped
)

select * from final
{%- endmacro %}
