with

source as (
    select * from {{ source('google_merchant', 'item_level_issue') }}
),

final as (
    select
        _source_relation as source_relation,
        offer_id,
        upper(reporting_context) as reporting_context,
        upper(country) as country_code,
        lower(issue_code) as issue_code,
        attribute,
        upper(severity) as severity,
        lower(resolution) as resolution,
        pulled_at,
        _fivetran_synced as synced_at
    from source
)

select * from final
