with

source as (
    select * from {{ source('creators', 'creator_code') }}
    where not coalesce(_fivetran_deleted, false)
),

final as (
    select
        _source_relation as source_relation,
        creator_id,
        upper(trim(code)) as discount_code,
        valid_from,
        valid_to,
        _fivetran_synced as synced_at
    from source
)

select * from final
