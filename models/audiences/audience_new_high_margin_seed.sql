with

rules as (
    {{ segment_rules('new_high_margin_seed', [
        'first_order_within_days', 'first_order_cm2_percentile',
    ]) }}
),

customers as (
    select
        customer_id,
        as_of_at
    from {{ ref('dim_customers') }}
),

first_orders as (
    select
        order_id,
        customer_id,
        ordered_at
    from {{ ref('fct_orders') }}
    where is_first_order
),

order_margins as (
    select
        order_id,
        cm2_amount
    from {{ ref('fct_order_margin') }}
),

{# Ranked among first orders of the same days. #}
ranked as (
    select
        first_orders.customer_id,
        first_orders.ordered_at,
        rules.first_order_cm2_percentile,
        percent_rank() over (order by order_margins.cm2_amount) as cm2_rank
    from first_orders
    cross join rules
    inner join customers
        on first_orders.customer_id = customers.customer_id
    inner join order_margins
        on first_orders.order_id = order_margins.order_id
    where
        first_orders.ordered_at <= customers.as_of_at
        and {{ dbt.datediff('first_orders.ordered_at', 'customers.as_of_at', 'day') }}
        <= rules.first_order_within_days
),

final as (
    select
        customer_id,
        'first_order_at_or_above_percentile' as reason,
        ordered_at as entered_at
    from ranked
    where cm2_rank >= first_order_cm2_percentile
)

select * from final
