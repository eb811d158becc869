{# Gathering must lose and double nothing: counts, sales and CM2 per customer sum to the facts,
   refunds that name no order included. #}
with

orders as (
    select
        count(*) as order_count,
        sum(fct_orders.net_sales_amount) as net_sales_amount
    from {{ ref('fct_orders') }} as fct_orders
    cross join {{ ref('int_as_of') }} as int_as_of
    where
        fct_orders.customer_id is not null
        and fct_orders.order_scope = 'dtc'
        and not fct_orders.is_cancelled
        and fct_orders.ordered_at <= int_as_of.as_of_at
),

margins as (
    select sum(fct_order_margin.cm2_amount) as cm2_amount
    from {{ ref('fct_order_margin') }} as fct_order_margin
    inner join {{ ref('fct_orders') }} as fct_orders
        on fct_order_margin.order_id = fct_orders.order_id
    cross join {{ ref('int_as_of') }} as int_as_of
    where
        fct_orders.customer_id is not null
        and fct_orders.order_scope in ('dtc', 'replacement')
        and fct_orders.ordered_at <= int_as_of.as_of_at
),

unmatched_refunds as (
    select
        coalesce(sum(refunds.refund_amount), 0) as refund_amount,
        coalesce(sum(refunds.cm2_amount), 0) as cm2_amount
    from {{ ref('int_unmatched_refunds') }} as refunds
    cross join {{ ref('int_as_of') }} as int_as_of
    where refunds.customer_id is not null and refunds.refunded_at <= int_as_of.as_of_at
),

customers as (
    select
        sum(order_count) as order_count,
        sum(net_sales_amount) as net_sales_amount,
        sum(cm2_amount) as cm2_amount
    from {{ ref('dim_customers') }}
)

select
    customers.order_count as customers_order_count,
    orders.order_count as orders_order_count,
    customers.net_sales_amount as customers_net_sales_amount,
    orders.net_sales_amount as orders_net_sales_amount,
    unmatched_refunds.refund_amount as unmatched_refund_amount,
    customers.cm2_amount as customers_cm2_amount,
    margins.cm2_amount as margins_cm2_amount
from customers
cross join orders
cross join margins
cross join unmatched_refunds
where
    coalesce(customers.order_count, 0) <> coalesce(orders.order_count, 0)
    or coalesce(customers.net_sales_amount, 0)
    <> coalesce(orders.net_sales_amount, 0) - unmatched_refunds.refund_amount
    or coalesce(customers.cm2_amount, 0)
    <> coalesce(margins.cm2_amount, 0) + unmatched_refunds.cm2_amount
