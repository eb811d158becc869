{# A gift is remembered a year later, some weeks before its occasion comes round. #}

with

rules as (
    {{ segment_rules('gift_buyer', ['days_after_order', 'days_open']) }}
),

customers as (
    select
        customer_id,
        as_of_at
    from {{ ref('dim_customers') }}
),

gift_orders as (
    select * from {{ ref('fct_gift_orders') }}
),

{# Of several gifts the newest that is due. #}
due as (
    select
        gift_orders.customer_id,
        gift_orders.occasion,
        {{ dbt.dateadd(
            'day', 'cast(rules.days_after_order as integer)', 'gift_orders.ordered_at'
        ) }} as entered_at,
        row_number() over (
            partition by gift_orders.customer_id
            order by gift_orders.ordered_at desc, gift_orders.order_id asc
        ) as place
    from gift_orders
    cross join rules
    inner join customers
        on gift_orders.customer_id = customers.customer_id
    where
        {{ dbt.dateadd(
            'day', 'cast(rules.days_after_order as integer)', 'gift_orders.ordered_at'
        ) }} <= customers.as_of_at
        and {{ dbt.dateadd(
            'day', 'cast(rules.days_after_order + rules.days_open as integer)',
            'gift_orders.ordered_at'
        ) }} > customers.as_of_at
),

final as (
    select
        customer_id,
        'gave_a_gift:' || occasion as reason,
        entered_at
    from due
    where place = 1
)

select * from final
