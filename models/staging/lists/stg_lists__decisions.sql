with

source as (
    select * from {{ source('lists', 'list_decision') }}
    where not coalesce(_fivetran_deleted, false)
),

final as (
    select
        _source_relation as source_relation,
        profile_id as klaviyo_profile_id,
        lower(trim(decision)) as decision,
        decision_batch,
        decided_by,
        {{ money('expected_value_amount') }} as expected_value_amount,
        decided_at,
        _fivetran_synced as synced_at
    from source
)

select * from final
