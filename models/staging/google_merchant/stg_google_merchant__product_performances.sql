with

source as (
    select * from {{ source('google_merchant', 'product_performance_view') }}
),

final as (
    select
        _source_relation as source_relation,
        offer_id,
        case
            when upper(marketing_method) = 'ADS' then 'SHOPPING_ADS'
            else 'FREE_LISTINGS'
        end as reporting_context,
        impressions as impression_count,
        coalesce(clicks, 0) as click_count,
        date as performance_date,
        _fivetran_synced as synced_at
    from source
)

select * from final
