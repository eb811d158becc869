with

source as (
    select * from {{ source('shopify', 'order_tag') }}
),

final as (
    select
        _source_relation as source_relation,
        order_id as shopify_order_id,
        {{ adapter.quote('index') }} as tag_number,
        {{ adapter.quote('value') }} as tag,
        _fivetran_synced as synced_at
    from source
)

select * from final
