-- What the ledger recorded: a merge opens a span, the next change of the same old id closes it.
with

changes as (
    select * from {{ ref('stg_ledger__customer_id_changes') }}
),

spans as (
    select
        old_customer_id,
        customer_id,
        kind,
        reason,
        changed_at as valid_from,
        lead(changed_at) over (
            partition by old_customer_id
            order by changed_at, ledger_sequence
        ) as valid_to
    from changes
),

final as (
    select
        old_customer_id,
        customer_id,
        reason,
        valid_from,
        valid_to
    from spans
    where kind = 'merge'
)

select * from final
