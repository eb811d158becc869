with

rules as (
    select
        max(case when rule_key = 'overdue_ratio_above' then rule_value end) as overdue_ratio_above,
        max(case when rule_key = 'days_since_order_above' then rule_value end) as days_above,
        max(case when rule_key = 'refund_abuser_minimum_order_count' then rule_value end)
            as abuser_order_count,
        max(case when rule_key = 'refund_abuser_minimum_return_ratio' then rule_value end)
            as abuser_return_ratio,
        max(case when rule_key = 'alive_ratio_below' then rule_value end) as alive_ratio_below
    from {{ ref('audience_rules') }}
    where audience = 'win_back'
),

customers as (
    select * from {{ ref('dim_customers') }}
    where order_count > 0
),

{# Of those who bought once a curve says how probable it is that they are lost, not the model. #}
chances as (
    select
        customer_id,
        1 - churn_ratio as alive_ratio
    from {{ ref('fct_customer_lifetime_value') }}
),

population as (
    select {{ median('cm2_amount') }} as median_cm2_amount
    from customers
),

met as (
    select
        customers.customer_id,
        customers.last_ordered_at,
        customers.overdue_ratio > rules.overdue_ratio_above as is_overdue,
        cast(
            case
                when
                    customers.median_order_gap_days * rules.overdue_ratio_above < rules.days_above
                    then floor(customers.median_order_gap_days * rules.overdue_ratio_above)
                else rules.days_above
            end as integer
        ) + 1 as lost_after_days
    from customers
    cross join rules
    cross join population
    inner join chances
        on customers.customer_id = chances.customer_id
    where
        chances.alive_ratio < rules.alive_ratio_below
        and (
            customers.overdue_ratio > rules.overdue_ratio_above
            or customers.days_since_last_order > rules.days_above
        )
        and customers.cm2_amount >= population.median_cm2_amount
        and not (
            customers.order_count >= rules.abuser_order_count
            and coalesce(customers.return_ratio, 0) >= rules.abuser_return_ratio
        )
),

final as (
    select
        customer_id,
        case when is_overdue then 'long_overdue' else 'long_since_last_order' end as reason,
        {{ dbt.dateadd('day', 'lost_after_days', 'last_ordered_at') }} as entered_at
    from met
)

select * from final
