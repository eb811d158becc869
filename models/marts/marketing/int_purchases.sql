{{ config(access='private') }}

{# What counts as a purchase: a direct order that is not cancelled and still worth something after
   its refunds. Exchanges and replacements are worth nothing and count for nothing. #}

with

as_of as (
    select as_of_at
    from {{ ref('int_as_of') }}
),

orders as (
    select
        order_id,
        customer_id,
        gross_merchandise_sales_amount,
        discount_amount,
        {% if var('lifetime_counts_refunded_orders') -%}
            net_merchandise_sales_amount
        {%- else -%}
            net_sales_amount
        {%- endif %} as purchase_amount,
        order_date as purchase_date,
        ordered_at
    from {{ ref('fct_order_margin') }}
    where customer_id is not null and order_scope = 'dtc' and not is_cancelled
),

final as (
    select
        orders.order_id,
        orders.customer_id,
        orders.gross_merchandise_sales_amount,
        orders.discount_amount,
        orders.purchase_amount,
        orders.purchase_date,
        orders.ordered_at
    from orders
    inner join as_of
        on orders.ordered_at <= as_of.as_of_at
    where orders.purchase_amount > 0
)

select * from final
