-- A name is kept as a key only (MD5 of the first given name): it may keep two records apart, it
-- never joins them. Nothing that happened after as_of is seen, so that a past day can be built
-- again.
with

as_of as (
    select {{ as_of_at('max(newest_source_at)') }} as as_of_at
    from {{ ref('stg_landing__as_of_times') }}
),

customers as (
    select * from {{ ref('stg_shopify__customers') }}
),

orders as (
    select * from {{ ref('stg_shopify__orders') }}
),

profiles as (
    select * from {{ ref('stg_klaviyo__persons') }}
),

checkouts as (
    select * from {{ ref('stg_shopify__abandoned_checkouts') }}
),

events as (
    select * from {{ ref('stg_web__events') }}
    where
        email is not null
        or phone_number is not null
        or user_id is not null
        or shopify_order_id is not null
),

devices as (
    select
        events.source_relation,
        events.anonymous_id,
        events.user_id,
        events.shopify_order_id,
        events.email,
        events.phone_number,
        min(events.occurred_at) as first_seen_at,
        max(events.occurred_at) as last_seen_at
    from events
    cross join as_of
    where events.occurred_at <= as_of.as_of_at
    group by
        events.source_relation,
        events.anonymous_id,
        events.user_id,
        events.shopify_order_id,
        events.email,
        events.phone_number,
        cast(events.occurred_at as date)
),

records as (
    select
        'shopify.customer' as source_table,
        source_relation,
        cast(shopify_customer_id as {{ dbt.type_string() }}) as source_row_id,
        cast(shopify_customer_id as {{ dbt.type_string() }}) as shopify_customer_id,
        cast(null as {{ dbt.type_string() }}) as shopify_order_id,
        cast(null as {{ dbt.type_string() }}) as shopify_checkout_id,
        cast(null as {{ dbt.type_string() }}) as klaviyo_profile_id,
        email,
        phone_number,
        first_name,
        is_email_verified,
        created_at as first_seen_at,
        coalesce(updated_at, created_at) as last_seen_at
    from customers
    union all
    select
        'shopify.order' as source_table,
        source_relation,
        cast(shopify_order_id as {{ dbt.type_string() }}) as source_row_id,
        cast(shopify_customer_id as {{ dbt.type_string() }}) as shopify_customer_id,
        cast(shopify_order_id as {{ dbt.type_string() }}) as shopify_order_id,
        cast(null as {{ dbt.type_string() }}) as shopify_checkout_id,
        cast(null as {{ dbt.type_string() }}) as klaviyo_profile_id,
        email,
        phone_number,
        billing_first_name as first_name,
        false as is_email_verified,
        coalesce(processed_at, created_at) as first_seen_at,
        coalesce(processed_at, created_at) as last_seen_at
    from orders
    union all
    select
        'shopify.abandoned_checkout' as source_table,
        source_relation,
        cast(shopify_checkout_id as {{ dbt.type_string() }}) as source_row_id,
        cast(shopify_customer_id as {{ dbt.type_string() }}) as shopify_customer_id,
        cast(null as {{ dbt.type_string() }}) as shopify_order_id,
        cast(shopify_checkout_id as {{ dbt.type_string() }}) as shopify_checkout_id,
        cast(null as {{ dbt.type_string() }}) as klaviyo_profile_id,
        email,
        phone_number,
        cast(null as {{ dbt.type_string() }}) as first_name,
        false as is_email_verified,
        created_at as first_seen_at,
        coalesce(completed_at, updated_at, created_at) as last_seen_at
    from checkouts
    union all
    select
        'klaviyo.person' as source_table,
        source_relation,
        klaviyo_profile_id as source_row_id,
        cast(null as {{ dbt.type_string() }}) as shopify_customer_id,
        cast(null as {{ dbt.type_string() }}) as shopify_order_id,
        cast(null as {{ dbt.type_string() }}) as shopify_checkout_id,
        klaviyo_profile_id,
        email,
        phone_number,
        first_name,
        false as is_email_verified,
        created_at as first_seen_at,
        coalesce(last_event_at, updated_at, created_at) as last_seen_at
    from profiles
    union all
    select
        'web.anonymous_id' as source_table,
        source_relation,
        anonymous_id as source_row_id,
        user_id as shopify_customer_id,
        cast(shopify_order_id as {{ dbt.type_string() }}) as shopify_order_id,
        cast(null as {{ dbt.type_string() }}) as shopify_checkout_id,
        cast(null as {{ dbt.type_string() }}) as klaviyo_profile_id,
        email,
        phone_number,
        cast(null as {{ dbt.type_string() }}) as first_name,
        false as is_email_verified,
        first_seen_at,
        last_seen_at
    from devices
),

final as (
    select
        {{ record_key() }} as node_key,
        records.source_relation,
        records.source_table,
        records.source_row_id,
        nullif(trim(records.shopify_customer_id), '') as shopify_customer_id,
        records.shopify_order_id,
        records.shopify_checkout_id,
        records.klaviyo_profile_id,
        {{ normalise_email_for_matching('email') }} as email,
        {{ normalise_phone('phone_number') }} as phone,
        {{ person_name_key('first_name') }} as person_name,
        records.is_email_verified,
        records.first_seen_at,
        case
            when records.last_seen_at < as_of.as_of_at then records.last_seen_at
            else as_of.as_of_at
        end as last_seen_at
    from records
    cross join as_of
    where coalesce(records.first_seen_at <= as_of.as_of_at, true)
)

select * from final
