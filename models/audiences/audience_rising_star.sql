with

rules as (
    {{ segment_rules('rising_star', [
        'first_order_within_days', 'lifetime_value_percentile', 'minimum_order_count',
    ]) }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

lifetime_values as (
    select
        customer_id,
        percent_rank() over (order by lifetime_value_amount) as lifetime_value_rank
    from {{ ref('fct_customer_lifetime_value') }}
    where lifetime_value_amount is not null
),

vips as (
    select customer_id from {{ ref('audience_vip') }}
),

final as (
    select
        customers.customer_id,
        'young_and_promising' as reason,
        customers.last_ordered_at as entered_at
    from customers
    cross join rules
    inner join lifetime_values
        on customers.customer_id = lifetime_values.customer_id
    left join vips
        on customers.customer_id = vips.customer_id
    where
        vips.customer_id is null
        and {{ dbt.datediff('customers.first_ordered_at', 'customers.as_of_at', 'day') }}
        <= rules.first_order_within_days
        and lifetime_values.lifetime_value_rank >= rules.lifetime_value_percentile
        and customers.order_count >= rules.minimum_order_count
)

select * from final
