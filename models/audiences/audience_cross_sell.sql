{# One product a customer: of those that go with what she bought lately and that she never had, the
   one with the greatest lift. What she gave back is no reason to offer more. #}

with

rules as (
    {{ segment_rules('cross_sell', [
        'window_days', 'minimum_lift', 'minimum_customer_count', 'minimum_cm2_ratio',
        'minimum_stock_count',
    ]) }}
),

customers as (
    select
        customer_id,
        as_of_at
    from {{ ref('dim_customers') }}
),

orders as (
    select order_id
    from {{ ref('fct_orders') }}
    where order_scope = 'dtc' and not is_cancelled
),

bought as (
    select
        order_lines.customer_id,
        order_lines.sku,
        max(order_lines.ordered_at) as last_bought_at
    from {{ ref('fct_order_lines') }} as order_lines
    inner join orders
        on order_lines.order_id = orders.order_id
    where
        order_lines.customer_id is not null
        and order_lines.sku is not null
        and not order_lines.is_gift_card
    group by order_lines.customer_id, order_lines.sku
),

returned as (
    select
        customer_id,
        sku
    from {{ ref('fct_refunds') }}
    where customer_id is not null and sku is not null
    group by customer_id, sku
),

affinities as (
    select affinities.*
    from {{ ref('fct_product_affinities') }} as affinities
    cross join rules
    where
        affinities.lift >= rules.minimum_lift
        and affinities.customer_count >= rules.minimum_customer_count
        and affinities.offered_cm2_ratio >= rules.minimum_cm2_ratio
),

stock as (
    select
        sku,
        sum(stock_count) as stock_count
    from {{ ref('fct_stock_levels') }}
    group by sku
),

met as (
    select
        bought.customer_id,
        bought.last_bought_at,
        affinities.offered_sku,
        row_number() over (
            partition by bought.customer_id
            order by affinities.lift desc, affinities.offered_sku asc, affinities.bought_sku asc
        ) as place
    from bought
    cross join rules
    inner join customers
        on bought.customer_id = customers.customer_id
    inner join affinities
        on bought.sku = affinities.bought_sku
    inner join stock
        on affinities.offered_sku = stock.sku
        and stock.stock_count >= rules.minimum_stock_count
    left join bought as owned
        on bought.customer_id = owned.customer_id
        and affinities.offered_sku = owned.sku
    left join returned
        on bought.customer_id = returned.customer_id
        and bought.sku = returned.sku
    where
        owned.customer_id is null
        and returned.customer_id is null
        and bought.last_bought_at <= customers.as_of_at
        and {{ dbt.datediff('bought.last_bought_at', 'customers.as_of_at', 'day') }}
        <= rules.window_days
),

final as (
    select
        customer_id,
        'goes_with_her_purchase:' || offered_sku as reason,
        last_bought_at as entered_at
    from met
    where place = 1
)

select * from final
