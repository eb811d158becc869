with

source as (
    select * from {{ source('experiments', 'experiment') }}
    where not coalesce(_fivetran_deleted, false)
),

final as (
    select
        _source_relation as source_relation,
        experiment_id,
        lower(trim(channel)) as channel,
        lower(trim(tactic)) as tactic,
        starts_on as start_date,
        ends_on as end_date,
        _fivetran_synced as synced_at
    from source
)

select * from final
