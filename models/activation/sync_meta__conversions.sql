{%- set payload = [
    'event_name', 'event_at', 'order_id', 'currency', 'conversion_value_amount', 'email_sha256',
    'phone_sha256', 'external_id', 'fbc', 'client_user_agent', 'event_source_url', 'country_code',
    'state', 'is_limited_data_use', 'normaliser_version',
] -%}

with

conversions as (
    select * from {{ ref('fct_conversions') }}
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

{# fbc is Meta's own form of a click id: version, subdomain index, milliseconds of the click. #}
shaped as (
    select
        conversions.event_id,
        'Purchase' as event_name,
        {{ iso_utc('conversions.ordered_at') }} as event_at,
        conversions.order_id,
        conversions.currency,
        cast(conversions.conversion_value_amount as {{ dbt.type_string() }})
            as conversion_value_amount,
        {{ meta_email_sha256('dim_customers.email') }} as email_sha256,
        {{ meta_phone_sha256('dim_customers.phone_number') }} as phone_sha256,
        conversions.customer_id as external_id,
        case
            when conversions.click_id_type = 'fbclid'
                then
                    'fb.1.' || {{ unix_milliseconds_text('conversions.clicked_at') }}
                    || '.' || conversions.click_id
        end as fbc,
        conversions.user_agent as client_user_agent,
        conversions.page_address as event_source_url,
        {{ dbt.split_part('dim_customers.jurisdiction', "'-'", 1) }} as country_code,
        nullif({{ dbt.split_part('dim_customers.jurisdiction', "'-'", 2) }}, '') as state,
        dim_customers.profiling_state = 'opted_out' as is_limited_data_use,
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
    where email_sha256 is not null or phone_sha256 is not null or fbc is not null
)

select * from final
