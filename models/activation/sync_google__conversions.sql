{%- set payload = [
    'event_name', 'event_at', 'order_id', 'currency', 'conversion_value_amount', 'email_sha256',
    'phone_sha256', 'external_id', 'gclid', 'gbraid', 'wbraid', 'ad_user_data',
    'ad_personalization', 'normaliser_version',
] -%}

with

conversions as (
    select * from {{ ref('fct_conversions') }}
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

{# Only rows with both consents that Google asks for; neither is ever invented. #}
shaped as (
    select
        conversions.event_id,
        'Purchase' as event_name,
        {{ iso_utc('conversions.ordered_at') }} as event_at,
        conversions.order_id,
        conversions.currency,
        cast(conversions.conversion_value_amount as {{ dbt.type_string() }})
            as conversion_value_amount,
        {{ google_email_sha256('dim_customers.email') }} as email_sha256,
        {{ google_phone_sha256('dim_customers.phone_number') }} as phone_sha256,
        conversions.customer_id as external_id,
        case when conversions.click_id_type = 'gclid' then conversions.click_id end as gclid,
        case when conversions.click_id_type = 'gbraid' then conversions.click_id end as gbraid,
        case when conversions.click_id_type = 'wbraid' then conversions.click_id end as wbraid,
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
        {{ normaliser_version() }} as normaliser_version
    from conversions
    inner join dim_customers
        on conversions.customer_id = dim_customers.customer_id
    where {{ eligible('ads', 'ads_sharing') }}
),

final as (
    select
        event_id,
        {%- for column in payload %}
            {{ column }},
        {%- endfor %}
        {{ row_hash(payload) }} as row_hash
    from shaped
    where
        (
            email_sha256 is not null
            or phone_sha256 is not null
            or gclid is not null
            or gbraid is not null
            or wbraid is not null
        )
        and ad_user_data = 'CONSENT_GRANTED'
        and ad_personalization = 'CONSENT_GRANTED'
)

select * from final
