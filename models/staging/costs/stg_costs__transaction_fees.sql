with

source as (
    select * from {{ source('costs', 'transaction_fee') }}
),

final as (
    select
        _source_relation as source_relation,
        fee_id as transaction_fee_id,
        transaction_id as shopify_transaction_id,
        order_id as shopify_order_id,
        kind as fee_kind,
        currency,
        {{ money('amount') }} as fee_amount,
        charged_at,
        _fivetran_synced as synced_at
    from source
)

select * from final
