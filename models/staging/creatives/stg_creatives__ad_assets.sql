with

source as (
    select * from {{ source('creatives', 'ad_asset') }}
    where not coalesce(_fivetran_deleted, false)
),

final as (
    select
        _source_relation as source_relation,
        lower(trim(channel)) as channel,
        trim(ad_id) as ad_id,
        lower(trim(asset_hash)) as asset_hash,
        _fivetran_synced as synced_at
    from source
)

select * from final
