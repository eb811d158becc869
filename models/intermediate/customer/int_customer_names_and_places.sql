{{ config(materialized='ephemeral') }}

{# How many of the newest records vote on the name. #}
{%- set voting_records = 3 %}

{# Name: the most frequent buyer of the last three orders. Place: where the last order went.
   Records without an order follow. A gift's recipient gives her place, never her name. #}

with

identity_map as (
    select * from {{ ref('identity_map') }}
),

orders as (
    select * from {{ ref('stg_shopify__orders') }}
),

accounts as (
    select * from {{ ref('stg_shopify__customers') }}
),

profiles as (
    select * from {{ ref('stg_klaviyo__persons') }}
),

sightings as (
    select
        source_relation,
        'shopify_order_id' as record_type,
        cast(shopify_order_id as {{ dbt.type_string() }}) as record_id,
        1 as preference,
        billing_first_name as first_name,
        billing_last_name as last_name,
        shipping_city as city,
        shipping_region as region,
        shipping_zip as zip,
        shipping_country_code as country_code,
        processed_at as seen_at
    from orders
    union all
    select
        source_relation,
        'shopify_customer_id' as record_type,
        cast(shopify_customer_id as {{ dbt.type_string() }}) as record_id,
        2 as preference,
        first_name,
        last_name,
        city,
        region,
        zip,
        country_code,
        coalesce(updated_at, created_at) as seen_at
    from accounts
    union all
    select
        source_relation,
        'klaviyo_profile_id' as record_type,
        klaviyo_profile_id as record_id,
        3 as preference,
        first_name,
        last_name,
        city,
        region,
        zip,
        country_code,
        coalesce(updated_at, created_at) as seen_at
    from profiles
),

placed as (
    select
        identity_map.customer_id,
        sightings.*,
        row_number() over (
            partition by identity_map.customer_id, sightings.first_name is not null
            order by
                sightings.preference asc,
                sightings.seen_at desc,
                sightings.source_relation asc,
                sightings.record_id asc
        ) as name_place,
        row_number() over (
            partition by identity_map.customer_id, sightings.country_code is not null
            order by
                sightings.preference asc,
                sightings.seen_at desc,
                sightings.source_relation asc,
                sightings.record_id asc
        ) as address_place
    from sightings
    inner join identity_map
        on sightings.record_type = identity_map.identifier_type
        and sightings.source_relation = identity_map.identifier_scope
        and sightings.record_id = identity_map.identifier_value
),

names as (
    select
        customer_id,
        first_name,
        last_name,
        row_number() over (
            partition by customer_id
            order by count(*) desc, min(name_place) asc, first_name asc, last_name asc
        ) as place
    from placed
    where first_name is not null and name_place <= {{ voting_records }}
    group by customer_id, first_name, last_name
),

places as (
    select * from placed
    where country_code is not null and address_place = 1
),

signals as (
    select
        customer_id,
        max(case
            when upper(country_code) = 'US' and lower(region) in ('ca', 'us-ca', 'california')
                then 1
            else 0
        end) = 1 as is_california
    from placed
    group by customer_id
),

final as (
    select
        signals.customer_id,
        names.first_name,
        names.last_name,
        places.city,
        places.region,
        places.zip,
        upper(places.country_code) as country_code,
        signals.is_california
    from signals
    left join names
        on signals.customer_id = names.customer_id
        and names.place = 1
    left join places
        on signals.customer_id = places.customer_id
)

select * from final
