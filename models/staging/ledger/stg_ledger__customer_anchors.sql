with

source as (
    select * from {{ source('ledger', 'customer_id_anchor') }}
),

final as (
    select
        source_relation,
        source_table,
        source_row_id,
        customer_id,
        sequence as ledger_sequence,
        anchor_number,
        as_of_at,
        registered_at
    from source
)

select * from final
