with

source as (
    select * from {{ source('ledger', 'decision_step') }}
),

final as (
    select
        sequence as ledger_sequence,
        plan_hash,
        kind as step_kind,
        actor,
        reason as step_reason,
        recorded_at
    from source
)

select * from final
