with

source as (
    select * from {{ source('creators', 'creator_ad') }}
    where not coalesce(_fivetran_deleted, false)
),

final as (
    select
        _source_relation as source_relation,
        creator_id,
        lower(trim(channel)) as channel,
        trim(ad_id) as ad_id,
        _fivetran_synced as synced_at
    from source
)

select * from final
