{# A TikTok audience in two halves, so that a model shows between them who may be reached. The model
   has `members` and `dim_customers`. #}

{# The members as TikTok takes them; a where with `eligible` follows. #}
{% macro tiktok_audience_shape() -%}
    select
        dim_customers.customer_id,
        {{ tiktok_segment_email_sha256('dim_customers.email') }} as email_sha256,
        {{ tiktok_segment_phone_sha256('dim_customers.phone_number') }} as phone_sha256,
        {{ normaliser_version() }} as normaliser_version,
        dim_customers.first_seen_at
    from dim_customers
    inner join members
        on dim_customers.customer_id = members.customer_id
{%- endmacro %}

{# The rows of `shaped` to deliver: an address once. #}
{% macro tiktok_audience_rows() -%}
{%- set payload = ['email_sha256', 'phone_sha256', 'normaliser_version'] -%}
{{ once_per_address(
    payload,
    address='coalesce(email_sha256, phone_sha256)',
    fits='email_sha256 is not null or phone_sha256 is not null'
) }}
{%- endmacro %}
