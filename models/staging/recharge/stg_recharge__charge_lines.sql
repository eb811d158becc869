with

source as (
    select * from {{ source('recharge', 'charge_line_item') }}
),

final as (
    select
        _source_relation as source_relation,
        charge_id as recharge_charge_id,
        {{ adapter.quote('index') }} as charge_line_number,
        purchase_item_id as recharge_purchase_item_id,
        external_variant_id_ecommerce as shopify_variant_id,
        lower(purchase_item_type) as purchase_item_type,
        title as product_title,
        sku,
        quantity,
        {{ money('unit_price') }} as unit_price_amount,
        {{ money('tax_due') }} as tax_amount,
        {{ money('total_price') }} as total_amount,
        _fivetran_synced as synced_at
    from source
)

select * from final
