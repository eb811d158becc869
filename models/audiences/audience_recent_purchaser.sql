{# What is used up is bought again sooner: there the usual days between two purchases end the
   exclusion where they are fewer. #}

with

rules as (
    {{ segment_rules('recent_purchaser', ['window_days']) }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

consumed as (
    select customer_id from {{ ref('fct_last_purchases') }}
    where is_consumable
),

rhythms as (
    select
        customer_id,
        expected_gap_days
    from {{ ref('fct_customer_rhythms') }}
),

windows as (
    select
        customers.customer_id,
        customers.days_since_last_order,
        customers.last_ordered_at,
        case
            when
                consumed.customer_id is not null
                and rhythms.expected_gap_days < rules.window_days
                then rhythms.expected_gap_days
            else rules.window_days
        end as window_days
    from customers
    cross join rules
    left join consumed
        on customers.customer_id = consumed.customer_id
    left join rhythms
        on customers.customer_id = rhythms.customer_id
    where customers.order_count > 0
),

final as (
    select
        customer_id,
        'bought_lately' as reason,
        last_ordered_at as entered_at
    from windows
    where days_since_last_order <= window_days
)

select * from final
