with

source as (
    select * from {{ source('shopify', 'order_line_refund') }}
),

final as (
    select
        _source_relation as source_relation,
        id as shopify_order_line_refund_id,
        refund_id as shopify_refund_id,
        order_line_id as shopify_order_line_id,
        sku,
        restock_type,
        quantity,
        {{ money('subtotal') }} as refund_amount,
        {{ money('total_tax') }} as refund_tax_amount,
        _fivetran_synced as synced_at
    from source
)

select * from final
