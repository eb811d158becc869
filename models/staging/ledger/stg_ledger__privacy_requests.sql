with

source as (
    select * from {{ source('ledger', 'privacy_request') }}
),

final as (
    select
        sequence as ledger_sequence,
        source as request_source,
        scope as event_scope,
        topic,
        event_id,
        kind as request_kind,
        requested_at,
        received_at
    from source
)

select * from final
