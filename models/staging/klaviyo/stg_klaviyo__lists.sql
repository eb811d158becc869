with

source as (
    select * from {{ source('klaviyo', 'list') }}
),

final as (
    select
        _source_relation as source_relation,
        id as klaviyo_list_id,
        name as list_name,
        opt_in_process,
        created as created_at,
        updated as updated_at,
        _fivetran_synced as synced_at
    from source
)

select * from final
