with

source as (
    select * from {{ source('creators', 'creator') }}
    where not coalesce(_fivetran_deleted, false)
),

final as (
    select
        _source_relation as source_relation,
        creator_id,
        handle as creator_handle,
        full_name as creator_name,
        nullif(lower(trim(link_tag)), '') as link_tag,
        _fivetran_synced as synced_at
    from source
)

select * from final
