with

source as (
    select * from {{ source('tiktok_ads', 'ad_report_hourly') }}
),

final as (
    select
        _source_relation as source_relation,
        ad_id as tiktok_ad_id,
        stat_time_hour as reported_at,
        impressions as impression_count,
        clicks as link_click_count,
        reach as reach_count,
        {{ money('spend') }} as spend_amount,
        cast(conversion as decimal(28, 10)) as claimed_conversion_count,
        {{ money('total_purchase_value') }} as claimed_value_amount,
        _fivetran_synced as synced_at
    from source
)

select * from final
