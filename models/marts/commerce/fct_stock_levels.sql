{# A code on several variants is one product: its stock together, its lowest price. #}

with

variants as (
    select * from {{ ref('stg_shopify__product_variants') }}
    where sku is not null
),

final as (
    select
        source_relation,
        sku,
        cast(sum(coalesce(inventory_quantity, 0)) as {{ dbt.type_bigint() }}) as stock_count,
        min(list_price_amount) as list_price_shop_amount,
        max(updated_at) as updated_at
    from variants
    group by source_relation, sku
)

select * from final
