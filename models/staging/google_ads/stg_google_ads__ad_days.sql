with

source as (
    select * from {{ source('google_ads', 'ad_stats') }}
),

final as (
    select
        _source_relation as source_relation,
        customer_id as google_account_id,
        ad_id as google_ad_id,
        ad_group_id as google_ad_group_id,
        campaign_id as google_campaign_id,
        {{ adapter.quote('date') }} as report_date,
        ad_network_type as network_type,
        device as device_type,
        impressions as impression_count,
        clicks as link_click_count,
        {{ micros('cost_micros') }} as spend_amount,
        cast(conversions as decimal(28, 10)) as claimed_conversion_count,
        {{ money('conversions_value') }} as claimed_value_amount,
        cast(view_through_conversions as decimal(28, 10)) as view_through_conversion_count,
        _fivetran_synced as synced_at
    from source
)

select * from final
