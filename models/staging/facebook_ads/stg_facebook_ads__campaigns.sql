with

source as (
    select * from {{ source('facebook_ads', 'campaign_history') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by _source_relation, id
            order by updated_time desc
        ) as version_rank
    from source
),

newest as (
    select * from ranked
    where version_rank = 1
),

final as (
    select
        _source_relation as source_relation,
        id as meta_campaign_id,
        account_id as meta_account_id,
        updated_time as updated_at,
        name as campaign_name,
        status as campaign_status,
        _fivetran_synced as synced_at
    from newest
)

select * from final
