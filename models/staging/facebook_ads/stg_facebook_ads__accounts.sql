with

source as (
    select * from {{ source('facebook_ads', 'account_history') }}
),

final as (
    select
        _source_relation as source_relation,
        id as meta_account_id,
        name as account_name,
        currency,
        timezone_name as timezone,
        _fivetran_synced as synced_at
    from source
)

select * from final
