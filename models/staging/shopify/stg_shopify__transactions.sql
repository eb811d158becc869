with

source as (
    select * from {{ source('shopify', 'transaction') }}
),

final as (
    select
        _source_relation as source_relation,
        id as shopify_transaction_id,
        order_id as shopify_order_id,
        refund_id as shopify_refund_id,
        parent_id as parent_shopify_transaction_id,
        kind as transaction_kind,
        status as transaction_status,
        gateway,
        currency,
        {{ money('amount') }} as transaction_amount,
        coalesce({{ adapter.quote('test') }}, false) as is_test,
        created_at,
        processed_at,
        _fivetran_synced as synced_at
    from source
)

select * from final
