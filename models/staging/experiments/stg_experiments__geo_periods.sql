with

source as (
    select * from {{ source('experiments', 'geo_period') }}
    where not coalesce(_fivetran_deleted, false)
),

final as (
    select
        _source_relation as source_relation,
        experiment_id,
        geo,
        arm,
        {{ money('outcome_amount') }} as outcome_amount,
        {{ money('spend_amount') }} as spend_amount,
        period_start as period_date,
        _fivetran_synced as synced_at
    from source
)

select * from final
