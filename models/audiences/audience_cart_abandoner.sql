with

rules as (
    select
        cast(
            max(case when rule_key = 'maximum_cart_age_hours' then rule_value end) as integer
        ) as maximum_age_hours,
        max(case when rule_key = 'minimum_cart_cm2_amount' then rule_value end)
            as minimum_cm2_amount
    from {{ ref('audience_rules') }}
    where audience = 'cart_abandoner'
),

customers as (
    select * from {{ ref('dim_customers') }}
),

population as (
    select sum(cm2_amount) / nullif(sum(net_sales_amount), 0) as cm2_ratio
    from customers
),

{# What the cart would contribute: its value at the CM2 ratio of the customer's own orders, of
   all customers' where she has none. #}
estimated as (
    select
        customers.customer_id,
        customers.last_cart_at,
        customers.last_ordered_at,
        customers.as_of_at,
        customers.last_cart_value_amount * case
            when customers.net_sales_amount > 0
                then customers.cm2_amount / customers.net_sales_amount
            else population.cm2_ratio
        end as cart_cm2_amount
    from customers
    cross join population
    where customers.last_cart_at is not null
),

{# Who has just bought is no longer advertised to: the exclusion wins over the cart. #}
recent_purchasers as (
    select customer_id from {{ ref('audience_recent_purchaser') }}
),

final as (
    select
        estimated.customer_id,
        'cart_left_without_order' as reason,
        estimated.last_cart_at as entered_at
    from estimated
    cross join rules
    left join recent_purchasers
        on estimated.customer_id = recent_purchasers.customer_id
    where
        recent_purchasers.customer_id is null
        and estimated.last_cart_at <= estimated.as_of_at
        and {{ dbt.dateadd('hour', 'rules.maximum_age_hours', 'estimated.last_cart_at') }}
        >= estimated.as_of_at
        and (
            estimated.last_ordered_at is null
            or estimated.last_ordered_at < estimated.last_cart_at
        )
        and estimated.cart_cm2_amount >= rules.minimum_cm2_amount
)

select * from final
