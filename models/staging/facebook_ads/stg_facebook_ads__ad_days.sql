with

source as (
    select * from {{ source('facebook_ads', 'basic_ad') }}
),

final as (
    select
        _source_relation as source_relation,
        ad_id as meta_ad_id,
        {{ adapter.quote('date') }} as report_date,
        account_id as meta_account_id,
        impressions as impression_count,
        inline_link_clicks as link_click_count,
        reach as reach_count,
        {{ money('spend') }} as spend_amount,
        _fivetran_synced as synced_at
    from source
)

select * from final
