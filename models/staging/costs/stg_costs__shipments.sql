with

source as (
    select * from {{ source('costs', 'shipment') }}
),

final as (
    select
        _source_relation as source_relation,
        shipment_id,
        order_id as shopify_order_id,
        refund_id as shopify_refund_id,
        kind as shipment_kind,
        carrier,
        currency,
        weight_grams,
        unit_count,
        {{ money('label_cost') }} as label_cost_amount,
        coalesce(is_estimated, false) as is_estimated,
        shipped_at,
        _fivetran_synced as synced_at
    from source
)

select * from final
