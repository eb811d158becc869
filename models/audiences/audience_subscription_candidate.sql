{# Regular is: the standard deviation of the days between purchases of one product is small beside
   their mean. Written without a root, in whole numbers: n (n Q - S²) < v² (n - 1) S², for n gaps of
   sum S and sum of squares Q. #}

with

rules as (
    {{ segment_rules('subscription_candidate', [
        'minimum_purchase_count', 'gap_variation_below',
    ]) }}
),

orders as (
    select order_id
    from {{ ref('fct_orders') }}
    where order_scope = 'dtc' and not is_cancelled
),

customers as (
    select
        customer_id,
        as_of_at
    from {{ ref('dim_customers') }}
),

subscribers as (
    select customer_id from {{ ref('fct_subscriptions') }}
    where is_active and customer_id is not null
    group by customer_id
),

purchases as (
    select
        order_lines.customer_id,
        order_lines.sku,
        order_lines.order_date,
        max(order_lines.ordered_at) as ordered_at
    from {{ ref('fct_order_lines') }} as order_lines
    inner join orders
        on order_lines.order_id = orders.order_id
    inner join customers
        on order_lines.customer_id = customers.customer_id
        and order_lines.ordered_at <= customers.as_of_at
    where
        order_lines.sku is not null
        and not order_lines.is_gift_card
        and order_lines.gross_merchandise_sales_amount > 0
    group by order_lines.customer_id, order_lines.sku, order_lines.order_date
),

previous as (
    select
        *,
        lag(order_date) over (
            partition by customer_id, sku order by order_date
        ) as previous_date
    from purchases
),

gaps as (
    select
        customer_id,
        sku,
        ordered_at,
        {{ dbt.datediff('previous_date', 'order_date', 'day') }} as gap_days
    from previous
),

products as (
    select
        customer_id,
        sku,
        count(*) as purchase_count,
        count(gap_days) as gap_count,
        sum(gap_days) as gap_days,
        sum(gap_days * gap_days) as squared_gap_days,
        max(ordered_at) as last_bought_at
    from gaps
    group by customer_id, sku
),

met as (
    select
        products.customer_id,
        products.sku,
        products.last_bought_at,
        row_number() over (
            partition by products.customer_id
            order by products.purchase_count desc, products.sku asc
        ) as place
    from products
    cross join rules
    left join subscribers
        on products.customer_id = subscribers.customer_id
    where
        subscribers.customer_id is null
        and products.purchase_count >= rules.minimum_purchase_count
        and products.gap_count > 1
        and products.gap_count
        * (products.gap_count * products.squared_gap_days - products.gap_days * products.gap_days)
        < rules.gap_variation_below * rules.gap_variation_below
        * (products.gap_count - 1) * products.gap_days * products.gap_days
),

final as (
    select
        customer_id,
        'buys_regularly:' || sku as reason,
        last_bought_at as entered_at
    from met
    where place = 1
)

select * from final
