with

source as (
    select * from {{ source('ledger', 'customer_id_register') }}
),

final as (
    select
        customer_id,
        source_relation,
        source_row_id,
        source_table,
        sequence as ledger_sequence,
        first_ordered_at,
        first_seen_at,
        as_of_at,
        registered_at
    from source
)

select * from final
