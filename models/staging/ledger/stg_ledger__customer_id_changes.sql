with

source as (
    select * from {{ source('ledger', 'customer_id_change') }}
),

final as (
    select
        sequence as ledger_sequence,
        old_customer_id,
        customer_id,
        kind,
        reason,
        changed_at,
        recorded_at
    from source
)

select * from final
