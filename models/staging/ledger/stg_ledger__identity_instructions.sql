with

source as (
    select * from {{ source('ledger', 'identity_instruction') }}
),

final as (
    select
        sequence as ledger_sequence,
        kind,
        left_node_key,
        right_node_key,
        identifier_type,
        identifier_scope,
        identifier_value,
        reason,
        actor,
        recorded_at
    from source
)

select * from final
