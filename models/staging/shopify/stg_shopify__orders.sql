with

source as (
    select * from {{ source('shopify', 'order') }}
    where not coalesce(_fivetran_deleted, false)
),

phone_numbers as (
    select * from {{ source('landing', 'phone_number') }}
),

final as (
    select
        source._source_relation as source_relation,
        source.id as shopify_order_id,
        source.customer_id as shopify_customer_id,
        source.email,
        phone_numbers.phone_e164 as phone_number,
        source.name as order_name,
        source.source_name,
        source.currency,
        source.presentment_currency,
        source.financial_status,
        source.fulfillment_status,
        source.cancel_reason,
        source.landing_site_base_url as landing_url,
        source.referring_site as referrer_url,
        source.billing_address_first_name as billing_first_name,
        source.billing_address_last_name as billing_last_name,
        source.billing_address_country_code as billing_country_code,
        source.shipping_address_first_name as shipping_first_name,
        source.shipping_address_last_name as shipping_last_name,
        source.shipping_address_address_1 as shipping_address,
        source.shipping_address_city as shipping_city,
        source.shipping_address_province_code as shipping_region,
        source.shipping_address_zip as shipping_zip,
        source.shipping_address_country_code as shipping_country_code,
        source.cart_token,
        source.checkout_token,
        {{ money('source.subtotal_price') }} as subtotal_amount,
        {{ money('source.total_line_items_price') }} as line_items_amount,
        {{ money('source.total_discounts') }} as discount_amount,
        {{ money('source.total_tax') }} as tax_amount,
        {{ money('source.total_tip_received') }} as tip_amount,
        {{ money('source.total_price') }} as total_amount,
        source.total_weight as weight_grams,
        coalesce(source.taxes_included, false) as is_tax_included,
        coalesce(source.{{ adapter.quote('test') }}, false) as is_test,
        coalesce(source.buyer_accepts_marketing, false) as is_marketing_accepted,
        source.cancelled_at,
        source.created_at,
        source.processed_at,
        source.updated_at,
        source._fivetran_synced as synced_at
    from source
    left join phone_numbers
        on source.phone = phone_numbers.phone
        and upper(coalesce(
            source.shipping_address_country_code,
            source.billing_address_country_code,
            ''
        )) = phone_numbers.country_code
)

select * from final
