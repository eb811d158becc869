with

source as (
    select * from {{ source('shopify', 'abandoned_checkout') }}
    where not coalesce(_fivetran_deleted, false)
),

phone_numbers as (
    select * from {{ source('landing', 'phone_number') }}
),

final as (
    select
        source._source_relation as source_relation,
        source.id as shopify_checkout_id,
        source.customer_id as shopify_customer_id,
        source.token as checkout_token,
        source.cart_token,
        source.email,
        phone_numbers.phone_e164 as phone_number,
        source.shipping_address_country_code as shipping_country_code,
        source.currency,
        {{ money('source.subtotal_price') }} as subtotal_amount,
        {{ money('source.total_price') }} as total_amount,
        source.created_at,
        source.updated_at,
        source.completed_at,
        source._fivetran_synced as synced_at
    from source
    left join phone_numbers
        on source.phone = phone_numbers.phone
        and upper(coalesce(source.shipping_address_country_code, '')) = phone_numbers.country_code
)

select * from final
