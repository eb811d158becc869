{# Whoever has it sent to somebody of another name, shortly before an occasion, gives it away. Where
   either name is missing nothing can be said. #}

with

orders as (
    select
        order_id,
        customer_id,
        source_relation,
        shopify_order_id,
        order_date,
        ordered_at
    from {{ ref('fct_orders') }}
    where customer_id is not null and order_scope = 'dtc' and not is_cancelled
),

addresses as (
    select
        source_relation,
        shopify_order_id,
        lower(trim(billing_first_name)) || ' ' || lower(trim(billing_last_name)) as billed_to,
        lower(trim(shipping_first_name)) || ' ' || lower(trim(shipping_last_name)) as shipped_to
    from {{ ref('stg_shopify__orders') }}
),

occasions as (
    select * from {{ ref('gift_occasions') }}
),

rules as (
    {{ segment_rules('gift_buyer', ['days_before_occasion']) }}
),

gifts as (
    select
        orders.order_id,
        orders.customer_id,
        orders.order_date,
        orders.ordered_at,
        cast(
            {{ dbt.dateadd(
                'day', 'cast(rules.days_before_occasion as integer)', 'orders.order_date'
            ) }} as date
        ) as last_occasion_date
    from orders
    cross join rules
    inner join addresses
        on orders.source_relation = addresses.source_relation
        and orders.shopify_order_id = addresses.shopify_order_id
        and addresses.billed_to <> addresses.shipped_to
),

{# An occasion is met where it lasts on the day of the order, or begins within the days after it. #}
met as (
    select
        gifts.order_id,
        gifts.customer_id,
        gifts.order_date,
        gifts.ordered_at,
        min(occasions.occasion) as occasion
    from gifts
    inner join occasions
        on
        (
            100 * extract(month from gifts.order_date) + extract(day from gifts.order_date)
            between 100 * occasions.starts_month + occasions.starts_day
            and 100 * occasions.ends_month + occasions.ends_day
        )
        or (
            100 * extract(month from gifts.order_date) + extract(day from gifts.order_date)
            < 100 * occasions.starts_month + occasions.starts_day
            and 100 * extract(month from gifts.last_occasion_date)
            + extract(day from gifts.last_occasion_date)
            >= 100 * occasions.starts_month + occasions.starts_day
        )
    group by gifts.order_id, gifts.customer_id, gifts.order_date, gifts.ordered_at
),

final as (
    select
        order_id,
        customer_id,
        occasion,
        order_date,
        ordered_at
    from met
)

select * from final
