{{ config(materialized='ephemeral', access='private') }}

{# What a customer's first order was won by and what it held: of several lines the dearest. #}

with

first_orders as (
    select
        customer_id,
        order_id,
        discount_codes
    from {{ ref('fct_orders') }}
    where is_first_order and customer_id is not null
),

credits as (
    select * from {{ ref('fct_order_credits') }}
    where attribution_model = 'last_non_direct'
),

order_lines as (
    select * from {{ ref('fct_order_lines') }}
    where sku is not null and not is_gift_card
),

ranked_credits as (
    select
        first_orders.order_id,
        credits.channel,
        credits.campaign_id,
        credits.ad_id,
        row_number() over (
            partition by first_orders.order_id
            order by credits.credit_ratio desc, credits.touched_at asc, credits.touch_id asc
        ) as place
    from first_orders
    inner join credits
        on first_orders.order_id = credits.order_id
),

ranked_lines as (
    select
        first_orders.order_id,
        order_lines.sku,
        row_number() over (
            partition by first_orders.order_id
            order by
                order_lines.gross_merchandise_sales_amount desc, order_lines.order_line_id asc
        ) as place
    from first_orders
    inner join order_lines
        on first_orders.order_id = order_lines.order_id
),

final as (
    select
        first_orders.customer_id,
        ranked_credits.channel,
        ranked_credits.campaign_id,
        ranked_credits.ad_id,
        ranked_lines.sku,
        first_orders.discount_codes
    from first_orders
    left join ranked_credits
        on first_orders.order_id = ranked_credits.order_id
        and ranked_credits.place = 1
    left join ranked_lines
        on first_orders.order_id = ranked_lines.order_id
        and ranked_lines.place = 1
)

select * from final
