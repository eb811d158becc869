with

receipts as (
    select * from {{ ref('stg_ledger__receipts') }}
),

final as (
    select
        ledger_sequence as delivery_id,
        plan_hash,
        row_key as customer_id,
        destination,
        object_name,
        operation,
        row_hash,
        verdict,
        verdict_reason,
        verdict in ('accepted', 'accepted_unverified') as is_accepted,
        received_at
    from receipts
)

select * from final
