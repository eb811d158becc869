with

source as (
    select * from {{ source('google_merchant', 'product_status') }}
),

final as (
    select
        _source_relation as source_relation,
        offer_id,
        upper(reporting_context) as reporting_context,
        upper(country) as country_code,
        lower(status) as feed_status,
        pulled_at,
        changed_at,
        _fivetran_synced as synced_at
    from source
)

select * from final
