with

source as (
    select * from {{ source('ledger', 'suppression') }}
),

final as (
    select
        sequence as ledger_sequence,
        subject_type,
        subject_value,
        channel,
        purpose,
        source_event,
        suppressed_at,
        recorded_at
    from source
)

select * from final
