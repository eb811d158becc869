with

source as (
    select * from {{ source('shopify', 'fulfillment') }}
),

final as (
    select
        _source_relation as source_relation,
        id as shopify_fulfillment_id,
        order_id as shopify_order_id,
        status as fulfillment_status,
        tracking_company as carrier,
        created_at,
        _fivetran_synced as synced_at
    from source
)

select * from final
