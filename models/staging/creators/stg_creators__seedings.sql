with

source as (
    select * from {{ source('creators', 'creator_seeding') }}
    where not coalesce(_fivetran_deleted, false)
),

final as (
    select
        _source_relation as source_relation,
        seeding_id as creator_seeding_id,
        creator_id,
        shop_relation,
        sku,
        quantity,
        upper(trim(currency)) as currency,
        {{ money('shipping_cost') }} as shipping_cost_amount,
        sent_at,
        _fivetran_synced as synced_at
    from source
)

select * from final
