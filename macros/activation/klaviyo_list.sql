{# A Klaviyo list in two halves, so that a model shows between them who may be reached. The model has
   `members` and `dim_customers`. #}

{# The members as Klaviyo takes them; a where with `eligible` follows. #}
{% macro klaviyo_list_shape() -%}
    select
        dim_customers.customer_id,
        {{ klaviyo_email('dim_customers.email') }} as email,
        dim_customers.customer_id as external_id,
        {{ normaliser_version() }} as normaliser_version,
        dim_customers.first_seen_at
    from dim_customers
    inner join members
        on dim_customers.customer_id = members.customer_id
{%- endmacro %}

{# The rows of `shaped` to deliver: an address once, whoever had it first. #}
{% macro klaviyo_list_rows() -%}
{%- set payload = ['email', 'external_id', 'normaliser_version'] -%}
{{ once_per_address(
    payload,
    address='email',
    fits='email is not null'
) }}
{%- endmacro %}
