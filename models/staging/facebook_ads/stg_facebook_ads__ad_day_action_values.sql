with

source as (
    select * from {{ source('facebook_ads', 'basic_ad_action_values') }}
),

final as (
    select
        _source_relation as source_relation,
        ad_id as meta_ad_id,
        {{ adapter.quote('date') }} as report_date,
        action_type,
        {{ money(adapter.quote("value")) }} as claimed_value_amount,
        {{ money('_7_d_click') }} as claimed_value_7d_click_amount,
        _fivetran_synced as synced_at
    from source
)

select * from final
