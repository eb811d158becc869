{# How much more often customers of one product buy another than customers in general do. Whoever
   bought both counts, in whatever order. #}

with

purchases as (
    select
        order_id,
        customer_id
    from {{ ref('int_purchases') }}
),

order_lines as (
    select
        order_id,
        sku
    from {{ ref('fct_order_lines') }}
    where sku is not null and not is_gift_card and gross_merchandise_sales_amount > 0
),

bought as (
    select
        purchases.customer_id,
        order_lines.sku
    from purchases
    inner join order_lines
        on purchases.order_id = order_lines.order_id
    group by purchases.customer_id, order_lines.sku
),

rules as (
    {{ segment_rules('cross_sell', ['minimum_customer_count']) }}
),

{# A product that too few bought cannot be in a pair: it is left out before pairs are made. #}
products as (
    select
        bought.sku,
        count(*) as customer_count
    from bought
    cross join rules
    group by bought.sku, rules.minimum_customer_count
    having count(*) >= rules.minimum_customer_count
),

known as (
    select
        bought.customer_id,
        bought.sku,
        products.customer_count
    from bought
    inner join products
        on bought.sku = products.sku
),

population as (
    select count(*) as customer_count
    from (select bought.customer_id from bought group by bought.customer_id) as buyers
),

pairs as (
    select
        first_products.sku as bought_sku,
        second_products.sku as offered_sku,
        first_products.customer_count as bought_customer_count,
        second_products.customer_count as offered_customer_count,
        count(*) as customer_count
    from known as first_products
    inner join known as second_products
        on first_products.customer_id = second_products.customer_id
        and first_products.sku <> second_products.sku
    group by
        first_products.sku,
        second_products.sku,
        first_products.customer_count,
        second_products.customer_count
),

margins as (
    select
        sku,
        sum(cm2_amount) as cm2_amount,
        sum(net_merchandise_sales_amount) as net_merchandise_sales_amount
    from {{ ref('fct_sku_margin_daily') }}
    group by sku
),

final as (
    select
        pairs.bought_sku,
        pairs.offered_sku,
        cast(pairs.customer_count as {{ dbt.type_bigint() }}) as customer_count,
        cast(pairs.bought_customer_count as {{ dbt.type_bigint() }}) as bought_customer_count,
        cast(pairs.offered_customer_count as {{ dbt.type_bigint() }}) as offered_customer_count,
        cast(
            cast(pairs.customer_count as decimal(18, 6)) * population.customer_count
            / (pairs.bought_customer_count * pairs.offered_customer_count) as decimal(18, 6)
        ) as lift,
        cast(
            margins.cm2_amount / nullif(margins.net_merchandise_sales_amount, 0) as decimal(18, 6)
        ) as offered_cm2_ratio
    from pairs
    cross join population
    cross join rules
    left join margins
        on pairs.offered_sku = margins.sku
    where pairs.customer_count >= rules.minimum_customer_count
)

select * from final
