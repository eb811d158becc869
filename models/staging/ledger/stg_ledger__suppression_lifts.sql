with

source as (
    select * from {{ source('ledger', 'suppression_lift') }}
),

final as (
    select
        sequence as ledger_sequence,
        subject_type,
        subject_value,
        channel,
        purpose,
        proof_json,
        consented_at,
        recorded_at
    from source
)

select * from final
