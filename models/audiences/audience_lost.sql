{# Of several profiles the liveliest counts; whoever has none shows no sign of life. Nobody keeps when
   a score fell, so a membership begins with the limit of days. #}

with

rules as (
    {{ segment_rules('lost', ['days_since_order_above', 'engagement_score_below']) }}
),

customers as (
    select * from {{ ref('dim_customers') }}
    where order_count > 0
),

scores as (
    select
        customer_id,
        max(engagement_score) as engagement_score
    from {{ ref('fct_profile_engagement') }}
    where customer_id is not null
    group by customer_id
),

final as (
    select
        customers.customer_id,
        'long_gone_and_silent' as reason,
        {{ dbt.dateadd(
            'day', 'cast(rules.days_since_order_above as integer) + 1', 'customers.last_ordered_at'
        ) }} as entered_at
    from customers
    cross join rules
    left join scores
        on customers.customer_id = scores.customer_id
    where
        customers.days_since_last_order > rules.days_since_order_above
        and coalesce(scores.engagement_score, 0) < rules.engagement_score_below
)

select * from final
