{# The unit cost that held when the order was placed. Where the SKU has none by then, the line takes
   the median cost ratio of its product type in that shop: missing is not zero. #}

with

order_lines as (
    select * from {{ ref('int_order_lines') }}
    where not is_gift_card
),

unit_costs as (
    select
        source_relation,
        sku,
        currency,
        unit_cost_amount,
        valid_from,
        lead(valid_from) over (partition by source_relation, sku order by valid_from) as valid_to
    from {{ ref('stg_costs__unit_costs') }}
),

variants as (
    select
        source_relation,
        sku,
        shopify_product_id,
        list_price_amount,
        row_number() over (
            partition by source_relation, sku order by shopify_variant_id
        ) as variant_rank
    from {{ ref('stg_shopify__product_variants') }}
),

products as (
    select
        source_relation,
        shopify_product_id,
        product_type
    from {{ ref('stg_shopify__products') }}
),

first_costs as (
    select
        source_relation,
        sku,
        currency,
        unit_cost_amount,
        row_number() over (partition by source_relation, sku order by valid_from) as cost_rank
    from unit_costs
),

sku_ratios as (
    select
        variants.source_relation,
        products.product_type,
        first_costs.currency,
        {{ integer_quotient_half_even(
            'cast(first_costs.unit_cost_amount * 10000 as bigint) * 1000000',
            'cast(variants.list_price_amount * 10000 as bigint)'
        ) }} as cost_millionths
    from variants
    inner join products
        on variants.source_relation = products.source_relation
        and variants.shopify_product_id = products.shopify_product_id
    inner join first_costs
        on variants.source_relation = first_costs.source_relation
        and variants.sku = first_costs.sku
        and first_costs.cost_rank = 1
    where
        variants.variant_rank = 1
        and variants.list_price_amount > 0
        and products.product_type is not null
),

type_ratios as (
    select
        source_relation,
        product_type,
        min(currency) as currency,
        {{ round_half_even("cast(" ~ median('cost_millionths') ~ " as decimal(18, 1))", 0) }}
            as cost_millionths
    from sku_ratios
    group by source_relation, product_type
),

chosen as (
    select
        order_lines.order_line_id,
        coalesce(unit_costs.currency, type_ratios.currency) as currency,
        coalesce(
            unit_costs.unit_cost_amount,
            {{ round_to_minor_unit(
                'order_lines.unit_price_shop_amount * type_ratios.cost_millionths * 0.000001',
                'order_lines.minor_unit_digits'
            ) }}
        ) as unit_cost_amount,
        case
            when unit_costs.unit_cost_amount is not null then 'exact'
            when type_ratios.cost_millionths is not null then 'fallback'
            else 'missing'
        end as cost_quality
    from order_lines
    left join unit_costs
        on order_lines.source_relation = unit_costs.source_relation
        and order_lines.sku = unit_costs.sku
        and order_lines.ordered_at >= unit_costs.valid_from
        and (unit_costs.valid_to is null or order_lines.ordered_at < unit_costs.valid_to)
    left join type_ratios
        on order_lines.source_relation = type_ratios.source_relation
        and order_lines.product_type = type_ratios.product_type
),

final as (
    select
        order_line_id,
        currency,
        unit_cost_amount,
        cost_quality
    from chosen
)

select * from final
