with

source as (
    select * from {{ source('recharge', 'customer') }}
    where not coalesce(_fivetran_deleted, false)
),

final as (
    select
        _source_relation as source_relation,
        id as recharge_customer_id,
        external_customer_id_ecommerce as shopify_customer_id,
        created_at,
        updated_at,
        _fivetran_synced as synced_at
    from source
)

select * from final
