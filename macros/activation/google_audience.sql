{# A Google customer list in two halves, so that a model shows between them who may be reached. The
   model has `members` and `dim_customers`. #}

{# The members as Google takes them; a where with `eligible` follows. #}
{% macro google_audience_shape() -%}
    select
        dim_customers.customer_id,
        {{ google_email_sha256('dim_customers.email') }} as email_sha256,
        {{ google_phone_sha256('dim_customers.phone_number') }} as phone_sha256,
        {{ google_name_sha256('dim_customers.first_name') }} as first_name_sha256,
        {{ google_name_sha256('dim_customers.last_name') }} as last_name_sha256,
        {{ google_postal_code('dim_customers.zip') }} as postal_code,
        {{ google_region_code('dim_customers.country_code') }} as region_code,
        case dim_customers.ads_sharing_state
            when 'opted_in' then 'CONSENT_GRANTED'
            when 'opted_out' then 'CONSENT_DENIED'
            else 'CONSENT_UNSPECIFIED'
        end as ad_user_data,
        case
            when dim_customers.profiling_state = 'opted_out' then 'CONSENT_DENIED'
            when dim_customers.ads_sharing_state = 'opted_in' then 'CONSENT_GRANTED'
            else 'CONSENT_UNSPECIFIED'
        end as ad_personalization,
        {{ normaliser_version() }} as normaliser_version,
        dim_customers.first_seen_at
    from dim_customers
    inner join members
        on dim_customers.customer_id = members.customer_id
{%- endmacro %}

{# The rows of `shaped` to deliver: an address once. Both consents must be granted, or the row stays
   home: an upload without personalisation serves nobody. Neither is ever invented. #}
{% macro google_audience_rows() -%}
{%- set payload = [
    'email_sha256', 'phone_sha256', 'first_name_sha256', 'last_name_sha256', 'postal_code',
    'region_code', 'ad_user_data', 'ad_personalization', 'normaliser_version',
] -%}
{{ once_per_address(
    payload,
    address='coalesce(email_sha256, phone_sha256)',
    fits="(email_sha256 is not null or phone_sha256 is not null)"
        ~ " and ad_user_data = 'CONSENT_GRANTED' and ad_personalization = 'CONSENT_GRANTED'"
) }}
{%- endmacro %}
