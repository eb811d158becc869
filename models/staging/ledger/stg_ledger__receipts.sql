with

source as (
    select * from {{ source('ledger', 'receipt') }}
),

final as (
    select
        sequence as ledger_sequence,
        plan_hash,
        destination,
        {{ adapter.quote('object') }} as object_name,
        {{ adapter.quote('key') }} as row_key,
        operation,
        row_hash,
        verdict,
        reason as verdict_reason,
        received_at
    from source
)

select * from final
