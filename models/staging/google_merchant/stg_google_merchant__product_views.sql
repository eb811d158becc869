with

source as (
    select * from {{ source('google_merchant', 'product_view') }}
),

final as (
    select
        _source_relation as source_relation,
        offer_id,
        item_group_id,
        title,
        description,
        link,
        image_link,
        brand,
        gtin,
        mpn,
        google_product_category,
        product_type,
        color,
        size,
        condition,
        shipping,
        lower(availability) as availability,
        click_potential,
        currency,
        coalesce(additional_image_count, 0) as additional_image_count,
        {{ money('price') }} as price_amount,
        pulled_on as pulled_date,
        _fivetran_synced as synced_at
    from source
)

select * from final
