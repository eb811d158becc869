with

source as (
    select * from {{ source('tiktok_shop', 'order_settlement') }}
),

final as (
    select
        _source_relation as source_relation,
        tiktok_order_id,
        shopify_order_id,
        buyer_id as tiktok_buyer_id,
        currency,
        {{ money('customer_payment') }} as customer_payment_amount,
        {{ money('platform_discount') }} as platform_discount_amount,
        {{ money('tax') }} as tax_amount,
        {{ money('referral_fee') }} as referral_fee_amount,
        {{ money('refund_admin_fee') }} as refund_admin_fee_amount,
        settled_at,
        _fivetran_synced as synced_at
    from source
)

select * from final
