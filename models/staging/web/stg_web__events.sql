with

source as (
    select * from {{ source('web', 'event') }}
),

phone_numbers as (
    select * from {{ source('landing', 'phone_number') }}
),

final as (
    select
        source._source_relation as source_relation,
        source.message_id as web_event_id,
        source.anonymous_id,
        source.user_id,
        source.context_campaign_id as utm_id,
        source.context_click_id as click_id,
        source.order_id as shopify_order_id,
        source.product_id as shopify_product_id,
        source.event as event_name,
        source.context_page_url as page_url,
        source.context_page_path as page_path,
        source.context_page_referrer as referrer_url,
        source.context_campaign_source as utm_source,
        source.context_campaign_medium as utm_medium,
        source.context_campaign_name as utm_campaign,
        source.context_campaign_term as utm_term,
        source.context_campaign_content as utm_content,
        source.context_click_id_type as click_id_type,
        source.context_sec_gpc as sec_gpc,
        source.context_device_type as device_type,
        source.context_user_agent as user_agent,
        source.context_region_code as region_code,
        source.email,
        phone_numbers.phone_e164 as phone_number,
        source.context_country_code as country_code,
        source.cart_token,
        source.checkout_token,
        source.sku,
        source.currency,
        source.quantity,
        {{ money(adapter.quote("value")) }} as value_amount,
        source.{{ adapter.quote('timestamp') }} as occurred_at,
        source.received_at,
        source._fivetran_synced as synced_at
    from source
    left join phone_numbers
        on source.phone = phone_numbers.phone
        and upper(coalesce(source.context_country_code, '')) = phone_numbers.country_code
)

select * from final
