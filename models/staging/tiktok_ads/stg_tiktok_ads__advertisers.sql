with

source as (
    select * from {{ source('tiktok_ads', 'advertiser') }}
),

final as (
    select
        _source_relation as source_relation,
        id as tiktok_advertiser_id,
        name as advertiser_name,
        currency,
        timezone,
        _fivetran_synced as synced_at
    from source
)

select * from final
