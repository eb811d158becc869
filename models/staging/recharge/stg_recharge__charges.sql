with

source as (
    select * from {{ source('recharge', 'charge') }}
    where not coalesce(_fivetran_deleted, false)
),

final as (
    select
        _source_relation as source_relation,
        id as recharge_charge_id,
        customer_id as recharge_customer_id,
        external_order_id_ecommerce as shopify_order_id,
        lower(type) as charge_type,
        lower(status) as charge_status,
        lower(error_type) as error_type,
        charge_attempts as attempt_count,
        orders_count as order_count,
        {{ money('total_price') }} as total_amount,
        {{ money('total_refunds') }} as refunded_amount,
        scheduled_at,
        processed_at,
        last_charge_attempt_date as last_attempted_at,
        retry_date as retry_at,
        created_at,
        updated_at,
        _fivetran_synced as synced_at
    from source
)

select * from final
