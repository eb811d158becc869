with

source as (
    select * from {{ source('shopify', 'product') }}
    where not coalesce(_fivetran_deleted, false)
),

final as (
    select
        _source_relation as source_relation,
        id as shopify_product_id,
        title as product_title,
        handle as product_handle,
        product_type,
        vendor as product_vendor,
        status as product_status,
        created_at,
        updated_at,
        _fivetran_synced as synced_at
    from source
)

select * from final
