with

source as (
    select * from {{ source('shopify', 'product_variant') }}
),

final as (
    select
        _source_relation as source_relation,
        id as shopify_variant_id,
        product_id as shopify_product_id,
        inventory_item_id as shopify_inventory_item_id,
        title as variant_title,
        sku,
        barcode,
        {{ money('price') }} as list_price_amount,
        inventory_quantity,
        created_at,
        updated_at,
        _fivetran_synced as synced_at
    from source
)

select * from final
