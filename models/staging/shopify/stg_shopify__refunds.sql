with

source as (
    select * from {{ source('shopify', 'refund') }}
),

final as (
    select
        _source_relation as source_relation,
        id as shopify_refund_id,
        order_id as shopify_order_id,
        customer_id as shopify_customer_id,
        coalesce(restock, false) as is_restocked,
        created_at,
        processed_at,
        _fivetran_synced as synced_at
    from source
)

select * from final
