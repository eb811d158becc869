{# Offers and the products of the shop. The shop's own channel names an offer by country, product
   and variant; other feeds by SKU. A product of the shop that no pull ever held is an orphan. #}

with

views as (
    select
        source_relation,
        offer_id,
        min(pulled_date) as first_date,
        max(pulled_date) as last_date
    from {{ ref('stg_google_merchant__product_views') }}
    group by source_relation, offer_id
),

variants as (
    select
        sku,
        cast(min(shopify_variant_id) as {{ dbt.type_string() }}) as variant_id,
        sum(coalesce(inventory_quantity, 0)) as inventory_count
    from {{ ref('stg_shopify__product_variants') }}
    where sku is not null
    group by sku
),

variant_skus as (
    select
        cast(shopify_variant_id as {{ dbt.type_string() }}) as variant_id,
        min(sku) as sku
    from {{ ref('stg_shopify__product_variants') }}
    group by shopify_variant_id
),

named as (
    select
        views.source_relation,
        views.offer_id,
        coalesce(variant_skus.sku, by_sku.sku) as sku,
        views.first_date,
        views.last_date
    from views
    left join variant_skus
        on views.offer_id like 'shopify%'
        and {{ dbt.split_part('views.offer_id', "'_'", 4) }} = variant_skus.variant_id
    left join variants as by_sku
        on views.offer_id = by_sku.sku
),

final as (
    select
        source_relation || ':' || offer_id as feed_offer_id,
        source_relation,
        offer_id,
        sku,
        false as is_orphan,
        first_date,
        last_date
    from named
    union all
    select
        'orphan:' || variants.sku as feed_offer_id,
        cast(null as {{ dbt.type_string() }}) as source_relation,
        cast(null as {{ dbt.type_string() }}) as offer_id,
        variants.sku,
        true as is_orphan,
        cast(null as date) as first_date,
        cast(null as date) as last_date
    from variants
    left join named
        on variants.sku = named.sku
    where named.sku is null and variants.inventory_count > 0
)

select * from final
