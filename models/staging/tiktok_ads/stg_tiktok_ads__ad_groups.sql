with

source as (
    select * from {{ source('tiktok_ads', 'adgroup_history') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by _source_relation, adgroup_id
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
        adgroup_id as tiktok_ad_group_id,
        advertiser_id as tiktok_advertiser_id,
        campaign_id as tiktok_campaign_id,
        updated_at,
        adgroup_name as ad_group_name,
        _fivetran_synced as synced_at
    from newest
)

select * from final
