with

source as (
    select * from {{ source('creators', 'creator_post_review') }}
    where not coalesce(_fivetran_deleted, false)
),

final as (
    select
        _source_relation as source_relation,
        post_id as creator_post_id,
        lower(trim(decision)) as decision,
        reviewed_by,
        reviewed_at,
        _fivetran_synced as synced_at
    from source
)

select * from final
