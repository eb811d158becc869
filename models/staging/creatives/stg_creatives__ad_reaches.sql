with

source as (
    select * from {{ source('creatives', 'ad_reach') }}
    where not coalesce(_fivetran_deleted, false)
),

final as (
    select
        _source_relation as source_relation,
        lower(trim(channel)) as channel,
        trim(ad_id) as ad_id,
        nullif(trim(platform_label), '') as platform_label,
        cast(reach as {{ dbt.type_bigint() }}) as reach_count,
        window_to_date,
        _fivetran_synced as synced_at
    from source
)

select * from final
