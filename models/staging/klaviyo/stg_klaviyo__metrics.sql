with

source as (
    select * from {{ source('klaviyo', 'metric') }}
),

final as (
    select
        _source_relation as source_relation,
        id as klaviyo_metric_id,
        name as metric_name,
        integration_name,
        _fivetran_synced as synced_at
    from source
)

select * from final
