with

source as (
    select * from {{ source('google_ads', 'account_history') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by _source_relation, id
            order by updated_at desc
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
        id as google_account_id,
        updated_at,
        descriptive_name as account_name,
        currency_code as currency,
        time_zone as timezone,
        _fivetran_synced as synced_at
    from newest
)

select * from final
