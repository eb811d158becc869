with

source as (
    select * from {{ source('google_ads', 'ad_history') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by _source_relation, id
            order by updated_at desc
        ) as version_rank
    from source
),

newest as (
    select * from ranked
    where version_rank = 1
),

final as (
    select
        _source_relation as source_relation,
        id as google_ad_id,
        ad_group_id as google_ad_group_id,
        updated_at,
        name as ad_name,
        status as ad_status,
        _fivetran_synced as synced_at
    from newest
)

select * from final
