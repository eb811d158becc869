with

source as (
    select * from {{ source('shopify', 'order_shipping_line') }}
),

final as (
    select
        _source_relation as source_relation,
        id as shopify_shipping_line_id,
        order_id as shopify_order_id,
        title as shipping_title,
        code as shipping_code,
        {{ money('price') }} as shipping_amount,
        {{ money('discounted_price') }} as discounted_shipping_amount,
        _fivetran_synced as synced_at
    from source
)

select * from final
