with

source as (
    select * from {{ source('shopify', 'order_adjustment') }}
),

final as (
    select
        _source_relation as source_relation,
        id as shopify_order_adjustment_id,
        order_id as shopify_order_id,
        refund_id as shopify_refund_id,
        kind as adjustment_kind,
        reason as adjustment_reason,
        {{ money('amount') }} as adjustment_amount,
        {{ money('tax_amount') }} as adjustment_tax_amount,
        _fivetran_synced as synced_at
    from source
)

select * from final
