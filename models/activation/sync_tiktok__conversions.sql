{%- set payload = [
    'event_name', 'event_at', 'order_id', 'currency', 'conversion_value_amount', 'email_sha256',
    'phone_sha256', 'external_id', 'external_id_sha256', 'ttclid', 'client_user_agent',
    'event_source_url', 'normaliser_version',
] -%}

with

conversions as (
    select * from {{ ref('fct_conversions') }}
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

{# No limited use can be asked for here: who said no to profiling is not told of. #}
shaped as (
    select
        conversions.event_id,
        'Purchase' as event_name,
        {{ iso_utc('conversions.ordered_at') }} as event_at,
        conversions.order_id,
        conversions.currency,
        cast(conversions.conversion_value_amount as {{ dbt.type_string() }})
            as conversion_value_amount,
        {{ tiktok_event_email_sha256('dim_customers.email') }} as email_sha256,
        {{ tiktok_event_phone_sha256('dim_customers.phone_number') }} as phone_sha256,
        conversions.customer_id as external_id,
        {{ tiktok_external_id_sha256('conversions.customer_id') }} as external_id_sha256,
        case when conversions.click_id_type = 'ttclid' then conversions.click_id end as ttclid,
        conversions.user_agent as client_user_agent,
        conversions.page_address as event_source_url,
        {{ normaliser_version() }} as normaliser_version
    from conversions
    inner join dim_customers
        on conversions.customer_id = dim_customers.customer_id
    where
        {{ eligible('ads', 'ads_sharing') }}
        and dim_customers.profiling_state <> 'opted_out'
),

final as (
    select
        event_id,
        {%- for column in payload %}
            {{ column }},
        {%- endfor %}
        {{ row_hash(payload) }} as row_hash
    from shaped
    where email_sha256 is not null or phone_sha256 is not null or ttclid is not null
)

select * from final
