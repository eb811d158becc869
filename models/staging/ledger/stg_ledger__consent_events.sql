with

source as (
    select * from {{ source('ledger', 'consent_event') }}
),

final as (
    select
        sequence as ledger_sequence,
        source as consent_source,
        scope as event_scope,
        topic,
        event_id,
        purpose,
        channel,
        state as consent_state,
        proof,
        consented_at,
        received_at
    from source
)

select * from final
