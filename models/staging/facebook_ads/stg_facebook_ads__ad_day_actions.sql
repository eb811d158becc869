with

source as (
    select * from {{ source('facebook_ads', 'basic_ad_actions') }}
),

final as (
    select
        _source_relation as source_relation,
        ad_id as meta_ad_id,
        {{ adapter.quote('date') }} as report_date,
        action_type,
        cast({{ adapter.quote('value') }} as decimal(28, 10)) as claimed_conversion_count,
        cast(_7_d_click as decimal(28, 10)) as claimed_conversion_7d_click_count,
        cast(_1_d_view as decimal(28, 10)) as claimed_conversion_1d_view_count,
        _fivetran_synced as synced_at
    from source
)

select * from final
