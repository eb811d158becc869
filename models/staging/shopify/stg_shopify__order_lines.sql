with

source as (
    select * from {{ source('shopify', 'order_line') }}
),

final as (
    select
        _source_relation as source_relation,
        id as shopify_order_line_id,
        order_id as shopify_order_id,
        product_id as shopify_product_id,
        variant_id as shopify_variant_id,
        sku,
        title as product_title,
        {{ adapter.quote('index') }} as line_number,
        quantity,
        {{ money('price') }} as unit_price_amount,
        {{ money('total_discount') }} as line_discount_amount,
        grams as unit_weight_grams,
        coalesce(gift_card, false) as is_gift_card,
        coalesce(requires_shipping, false) as is_shipping_required,
        coalesce(taxable, false) as is_taxable,
        _fivetran_synced as synced_at
    from source
)

select * from final
