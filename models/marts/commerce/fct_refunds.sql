with

refund_lines as (
    select * from {{ ref('int_refund_lines') }}
),

final as (
    select
        refund_line_id,
        refund_id,
        order_id,
        order_line_id,
        customer_id,
        source_relation,
        sku,
        refund_kind,
        restock_type,
        currency,
        quantity,
        refund_amount,
        refund_shop_amount,
        refund_tax_amount,
        refund_tax_shop_amount,
        cast(refund_paid_amount - refund_amount as decimal(18, 4)) as exchange_difference_amount,
        is_gift_card,
        refund_date,
        refunded_at
    from refund_lines
)

select * from final
