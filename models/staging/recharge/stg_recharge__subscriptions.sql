with

source as (
    select * from {{ source('recharge', 'subscription') }}
    where not coalesce(_fivetran_deleted, false)
),

final as (
    select
        _source_relation as source_relation,
        id as recharge_subscription_id,
        customer_id as recharge_customer_id,
        external_variant_id_ecommerce as shopify_variant_id,
        lower(status) as subscription_status,
        cancellation_reason,
        product_title,
        sku,
        lower(order_interval_unit) as interval_unit,
        order_interval_frequency as interval_count,
        expire_after_specific_number_of_charges as charge_limit_count,
        quantity,
        {{ money('price') }} as unit_price_amount,
        next_charge_scheduled_at,
        created_at,
        updated_at,
        cancelled_at,
        _fivetran_synced as synced_at
    from source
)

select * from final
