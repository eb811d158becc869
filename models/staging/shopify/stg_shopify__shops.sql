with

source as (
    select * from {{ source('shopify', 'shop') }}
),

final as (
    select
        _source_relation as source_relation,
        id as shopify_shop_id,
        name as shop_name,
        domain as shop_domain,
        myshopify_domain as permanent_domain,
        currency,
        iana_timezone as timezone,
        country_code,
        _fivetran_synced as synced_at
    from source
)

select * from final
