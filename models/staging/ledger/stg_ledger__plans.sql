with

source as (
    select * from {{ source('ledger', 'plan') }}
),

final as (
    select
        sequence as ledger_sequence,
        plan_hash,
        destination,
        {{ adapter.quote('object') }} as object_name,
        purpose,
        add_count,
        update_count,
        remove_count,
        planned_at
    from source
)

select * from final
