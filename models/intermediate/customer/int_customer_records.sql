{{ config(materialized='ephemeral') }}

{# What each record says about its person, in the form it is sent. Whose record it is, and which
   record wins, is decided elsewhere.

   contact_seen_at: a profile's address is as old as the profile, whatever else in it was updated.
   #}

with

accounts as (
    select * from {{ ref('stg_shopify__customers') }}
),

orders as (
    select * from {{ ref('stg_shopify__orders') }}
),

checkouts as (
    select * from {{ ref('stg_shopify__abandoned_checkouts') }}
),

profiles as (
    select * from {{ ref('stg_klaviyo__persons') }}
),

records as (
    select
        source_relation,
        'shopify.customer' as source_table,
        'shopify_customer_id' as record_type,
        cast(shopify_customer_id as {{ dbt.type_string() }}) as source_row_id,
        email,
        phone_number,
        first_name,
        last_name,
        cast(null as {{ dbt.type_string() }}) as recipient_first_name,
        cast(null as {{ dbt.type_string() }}) as recipient_last_name,
        cast(null as {{ dbt.type_string() }}) as street,
        city,
        region,
        zip,
        country_code,
        is_email_verified,
        coalesce(lower(sms_marketing_state) = 'subscribed', false) as is_phone_verified,
        coalesce(updated_at, created_at) as contact_seen_at,
        coalesce(updated_at, created_at) as seen_at
    from accounts
    union all
    select
        source_relation,
        'shopify.order' as source_table,
        'shopify_order_id' as record_type,
        cast(shopify_order_id as {{ dbt.type_string() }}) as source_row_id,
        email,
        phone_number,
        billing_first_name as first_name,
        billing_last_name as last_name,
        shipping_first_name as recipient_first_name,
        shipping_last_name as recipient_last_name,
        shipping_address as street,
        shipping_city as city,
        shipping_region as region,
        shipping_zip as zip,
        shipping_country_code as country_code,
        false as is_email_verified,
        false as is_phone_verified,
        coalesce(processed_at, created_at) as contact_seen_at,
        coalesce(processed_at, created_at) as seen_at
    from orders
    union all
    select
        source_relation,
        'shopify.abandoned_checkout' as source_table,
        'shopify_checkout_id' as record_type,
        cast(shopify_checkout_id as {{ dbt.type_string() }}) as source_row_id,
        email,
        phone_number,
        cast(null as {{ dbt.type_string() }}) as first_name,
        cast(null as {{ dbt.type_string() }}) as last_name,
        cast(null as {{ dbt.type_string() }}) as recipient_first_name,
        cast(null as {{ dbt.type_string() }}) as recipient_last_name,
        cast(null as {{ dbt.type_string() }}) as street,
        cast(null as {{ dbt.type_string() }}) as city,
        cast(null as {{ dbt.type_string() }}) as region,
        cast(null as {{ dbt.type_string() }}) as zip,
        shipping_country_code as country_code,
        false as is_email_verified,
        false as is_phone_verified,
        created_at as contact_seen_at,
        created_at as seen_at
    from checkouts
    union all
    select
        source_relation,
        'klaviyo.person' as source_table,
        'klaviyo_profile_id' as record_type,
        klaviyo_profile_id as source_row_id,
        email,
        phone_number,
        first_name,
        last_name,
        cast(null as {{ dbt.type_string() }}) as recipient_first_name,
        cast(null as {{ dbt.type_string() }}) as recipient_last_name,
        cast(null as {{ dbt.type_string() }}) as street,
        city,
        region,
        zip,
        country_code,
        false as is_email_verified,
        false as is_phone_verified,
        created_at as contact_seen_at,
        coalesce(updated_at, created_at) as seen_at
    from profiles
),

final as (
    select
        source_relation,
        source_table,
        source_row_id,
        record_type,
        {{ normalise_email('email') }} as email,
        {{ normalise_email_for_matching('email') }} as matching_email,
        {{ normalise_phone('phone_number') }} as phone_number,
        first_name,
        last_name,
        recipient_first_name,
        recipient_last_name,
        street,
        city,
        region,
        zip,
        upper(country_code) as country_code,
        is_email_verified,
        is_phone_verified,
        contact_seen_at,
        seen_at
    from records
)

select * from final
