with

source as (
    select * from {{ source('ledger', 'consent_event_subject') }}
),

final as (
    select
        sequence as ledger_sequence,
        subject_type,
        subject_value
    from source
)

select * from final
