with

source as (
    select * from {{ source('shopify', 'inventory_item') }}
),

final as (
    select
        _source_relation as source_relation,
        id as shopify_inventory_item_id,
        sku,
        unit_cost_currency_code as currency,
        {{ money('cost') }} as unit_cost_amount,
        updated_at,
        _fivetran_synced as synced_at
    from source
)

select * from final
