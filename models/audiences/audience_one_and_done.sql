{# Bounds are days in which that share of those who came back had come back, by nearest rank. #}

with

rules as (
    {{ segment_rules('one_and_done', ['minimum_gap_quantile', 'maximum_gap_quantile']) }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

replenishments as (
    select customer_id from {{ ref('audience_replenishment_due') }}
),

orders as (
    select
        customer_id,
        order_number_of_customer,
        ordered_at
    from {{ ref('fct_orders') }}
    where order_number_of_customer <= 2
),

second_gaps as (
    select
        first_orders.customer_id,
        {{ dbt.datediff('first_orders.ordered_at', 'second_orders.ordered_at', 'day') }}
            as gap_days
    from orders as first_orders
    inner join orders as second_orders
        on first_orders.customer_id = second_orders.customer_id
        and first_orders.order_number_of_customer = 1
        and second_orders.order_number_of_customer = 2
),

ranked as (
    select
        gap_days,
        row_number() over (order by gap_days, customer_id) as place,
        count(*) over () as gap_count
    from second_gaps
),

bounds as (
    select
        min(case when ranked.place >= rules.minimum_gap_quantile * ranked.gap_count
            then ranked.gap_days end) as minimum_days,
        min(case when ranked.place >= rules.maximum_gap_quantile * ranked.gap_count
            then ranked.gap_days end) as maximum_days
    from ranked
    cross join rules
),

met as (
    select
        customers.customer_id,
        customers.last_ordered_at,
        cast(bounds.minimum_days as integer) as minimum_days
    from customers
    cross join bounds
    left join replenishments
        on customers.customer_id = replenishments.customer_id
    where
        replenishments.customer_id is null
        and customers.order_count = 1
        and customers.days_since_last_order between bounds.minimum_days and bounds.maximum_days
),

final as (
    select
        customer_id,
        'late_for_a_second_order' as reason,
        case
            when minimum_days = 0 then last_ordered_at
            else cast(
                cast({{ dbt.dateadd('day', 'minimum_days', 'last_ordered_at') }} as date)
                as {{ dbt.type_timestamp() }}
            )
        end as entered_at
    from met
)

select * from final
