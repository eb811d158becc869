{# A Meta audience in two halves, so that a model shows between them who may be reached. The model
   has `members` and `dim_customers`. #}

{# The members as Meta takes them; a where with `eligible` follows. #}
{% macro meta_audience_shape() -%}
    select
        dim_customers.customer_id,
        dim_customers.customer_id as extern_id,
        {{ meta_email_sha256('dim_customers.email') }} as email_sha256,
        {{ meta_phone_sha256('dim_customers.phone_number') }} as phone_sha256,
        {{ meta_name_sha256('dim_customers.first_name') }} as first_name_sha256,
        {{ meta_name_sha256('dim_customers.last_name') }} as last_name_sha256,
        {{ meta_city_sha256('dim_customers.city') }} as city_sha256,
        {{ meta_state_sha256('dim_customers.region') }} as state_sha256,
        {{ meta_zip_sha256('dim_customers.zip') }} as zip_sha256,
        {{ meta_country_sha256('dim_customers.country_code') }} as country_sha256,
        {{ normaliser_version() }} as normaliser_version,
        dim_customers.first_seen_at
    from dim_customers
    inner join members
        on dim_customers.customer_id = members.customer_id
{%- endmacro %}

{# The rows of `shaped` to deliver: an address once. A name and a town alone match strangers: an
   address or a phone is asked for. #}
{% macro meta_audience_rows() -%}
{%- set payload = [
    'extern_id', 'email_sha256', 'phone_sha256', 'first_name_sha256', 'last_name_sha256',
    'city_sha256', 'state_sha256', 'zip_sha256', 'country_sha256', 'normaliser_version',
] -%}
{{ once_per_address(
    payload,
    address='coalesce(email_sha256, phone_sha256)',
    fits='email_sha256 is not null or phone_sha256 is not null'
) }}
{%- endmacro %}
