with

source as (
    select * from {{ source('klaviyo', 'flow') }}
),

final as (
    select
        _source_relation as source_relation,
        id as klaviyo_flow_id,
        name as flow_name,
        status as flow_status,
        _fivetran_synced as synced_at
    from source
)

select * from final
