{# How complete an offer is on its newest day. What must be there is a gate: without it the offer
   is worth 0. The rest are points of feed_completeness_weights. A feed that says another price or
   stock than the shop will be disapproved: told ahead. #}

with

as_of as (
    select * from {{ ref('int_as_of') }}
),

views as (
    select
        *,
        row_number() over (
            partition by source_relation, offer_id order by pulled_date desc
        ) as place
    from {{ ref('stg_google_merchant__product_views') }}
),

offers as (
    select * from {{ ref('int_feed_offers') }}
    where not is_orphan
),

variants as (
    select
        sku,
        min(list_price_amount) as price_amount,
        sum(coalesce(inventory_quantity, 0)) as inventory_count
    from {{ ref('stg_shopify__product_variants') }}
    where sku is not null
    group by sku
),

margins as (
    select
        sku,
        sum(case when cm2_amount > 0 then cm2_amount else 0 end) as cm2_amount
    from {{ ref('fct_sku_margin_daily') }}
    group by sku
),

signs as (
    select
        offers.feed_offer_id,
        offers.sku,
        coalesce(margins.cm2_amount, 0) as cm2_amount,
        case
            when coalesce(views.title, '') = '' then 'title'
            when coalesce(views.description, '') = '' then 'description'
            when coalesce(views.link, '') = '' then 'link'
            when coalesce(views.image_link, '') = '' then 'image_link'
            when coalesce(views.availability, '') = '' then 'availability'
            when views.price_amount is null then 'price'
            when coalesce(views.brand, '') = '' then 'brand'
            when coalesce(views.gtin, views.mpn, '') = '' then 'gtin or mpn'
        end as missing_attribute,
        case when coalesce(views.gtin, '') <> '' then 1 else 0 end as has_gtin,
        case
            when length(views.title) between 40 and 150
                and lower(views.title) like '%' || lower(views.brand) || '%'
                and views.title <> upper(views.title)
                and lower(views.title) not like '%free shipping%'
                and lower(views.title) not like '%sale%'
                then 1
            else 0
        end as has_title,
        case when coalesce(views.image_link, '') <> '' then 1 else 0 end as has_image,
        case when length(views.description) >= 160 then 1 else 0 end as has_description,
        case when coalesce(views.brand, '') <> '' then 1 else 0 end as has_brand,
        case when coalesce(views.google_product_category, '') <> '' then 1 else 0 end
            as has_google_product_category,
        case when coalesce(views.link, '') <> '' then 1 else 0 end as has_link,
        case when coalesce(views.availability, '') <> '' then 1 else 0 end as has_availability,
        case when views.price_amount is not null then 1 else 0 end as has_price,
        case when coalesce(views.product_type, '') <> '' then 1 else 0 end as has_product_type,
        case when coalesce(views.mpn, '') <> '' then 1 else 0 end as has_mpn,
        case when coalesce(views.color, '') <> '' then 1 else 0 end as has_color,
        case when coalesce(views.size, '') <> '' then 1 else 0 end as has_size,
        case when views.additional_image_count > 0 then 1 else 0 end as has_additional_images,
        case when coalesce(views.item_group_id, '') <> '' then 1 else 0 end as has_item_group_id,
        case when coalesce(views.condition, '') <> '' then 1 else 0 end as has_condition,
        case when coalesce(views.shipping, '') <> '' then 1 else 0 end as has_shipping,
        variants.sku is not null and views.price_amount <> variants.price_amount
            as has_price_drift,
        variants.sku is not null
        and (views.availability = 'in_stock') <> (variants.inventory_count > 0)
            as has_availability_drift,
        views.pulled_date
    from views
    inner join offers
        on views.source_relation = offers.source_relation
        and views.offer_id = offers.offer_id
    left join variants
        on offers.sku = variants.sku
    left join margins
        on offers.sku = margins.sku
    where views.place = 1
),

weights as (
    select
        {% for attribute in [
            'gtin', 'title', 'image', 'description', 'brand', 'google_product_category', 'link',
            'availability', 'price', 'product_type', 'mpn', 'color', 'size', 'additional_images',
            'item_group_id', 'condition', 'shipping'
        ] -%}
            max(case when attribute = '{{ attribute }}' then weight end) as {{ attribute }}_weight
            {{- "," if not loop.last }}
        {% endfor %}
    from {{ ref('feed_completeness_weights') }}
),

scored as (
    select
        signs.*,
        case
            when signs.missing_attribute is not null then 0
            else
                has_gtin * gtin_weight + has_title * title_weight + has_image * image_weight
                + has_description * description_weight + has_brand * brand_weight
                + has_google_product_category * google_product_category_weight
                + has_link * link_weight + has_availability * availability_weight
                + has_price * price_weight + has_product_type * product_type_weight
                + has_mpn * mpn_weight + has_color * color_weight + has_size * size_weight
                + has_additional_images * additional_images_weight
                + has_item_group_id * item_group_id_weight
                + has_condition * condition_weight + has_shipping * shipping_weight
        end as score,
        sum(signs.cm2_amount) over () as all_cm2_amount
    from signs
    cross join weights
),

final as (
    select
        feed_offer_id,
        sku,
        missing_attribute,
        cast(score as {{ dbt.type_bigint() }}) as completeness_score,
        cast(
            coalesce(cast(cm2_amount as {{ type_double() }}) / nullif(all_cm2_amount, 0), 0)
            as decimal(9, 6)
        ) as margin_share_ratio,
        cast(
            coalesce(
                score * cast(cm2_amount as {{ type_double() }}) / nullif(all_cm2_amount, 0), 0
            ) as decimal(9, 6)
        ) as weighted_score,
        has_price_drift,
        has_availability_drift,
        missing_attribute is not null or has_price_drift or has_availability_drift
            as predicts_disapproval,
        pulled_date,
        as_of.as_of_at
    from scored
    cross join as_of
)

select * from final
