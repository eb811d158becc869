{# The price is the one at which the product was put into the cart last, in the shop's currency. #}

with

rules as (
    {{ segment_rules('price_drop', ['window_days', 'minimum_drop_ratio']) }}
),

customers as (
    select
        customer_id,
        as_of_at
    from {{ ref('dim_customers') }}
),

carted as (
    select
        *,
        row_number() over (
            partition by customer_id, source_relation, sku
            order by occurred_at desc, product_event_id desc
        ) as event_place
    from {{ ref('fct_product_events') }}
    where event_kind = 'carted' and sku is not null and unit_price_shop_amount > 0
),

bought as (
    select
        customer_id,
        source_relation,
        sku,
        max(ordered_at) as last_bought_at
    from {{ ref('fct_order_lines') }}
    where sku is not null
    group by customer_id, source_relation, sku
),

stock as (
    select * from {{ ref('fct_stock_levels') }}
),

met as (
    select
        carted.customer_id,
        carted.sku,
        case
            when stock.updated_at > carted.occurred_at and stock.updated_at <= customers.as_of_at
                then stock.updated_at
            else carted.occurred_at
        end as dropped_at,
        row_number() over (
            partition by carted.customer_id
            order by
                stock.list_price_shop_amount / carted.unit_price_shop_amount asc,
                carted.source_relation asc,
                carted.sku asc
        ) as place
    from carted
    cross join rules
    inner join customers
        on carted.customer_id = customers.customer_id
    inner join stock
        on carted.source_relation = stock.source_relation
        and carted.sku = stock.sku
    left join bought
        on carted.customer_id = bought.customer_id
        and carted.source_relation = bought.source_relation
        and carted.sku = bought.sku
    where
        carted.event_place = 1
        and carted.occurred_at <= customers.as_of_at
        and {{ dbt.datediff('carted.occurred_at', 'customers.as_of_at', 'day') }}
        <= rules.window_days
        and stock.stock_count > 0
        and stock.list_price_shop_amount
        <= carted.unit_price_shop_amount * (1 - rules.minimum_drop_ratio)
        and (bought.last_bought_at is null or bought.last_bought_at < carted.occurred_at)
),

final as (
    select
        customer_id,
        'cheaper_than_in_cart:' || sku as reason,
        dropped_at as entered_at
    from met
    where place = 1
)

select * from final
