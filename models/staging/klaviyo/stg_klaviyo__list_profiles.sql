with

source as (
    select * from {{ source('klaviyo', 'list_profile') }}
),

final as (
    select
        _source_relation as source_relation,
        list_id as klaviyo_list_id,
        profile_id as klaviyo_profile_id,
        joined_group_at as joined_at,
        _fivetran_synced as synced_at
    from source
)

select * from final
