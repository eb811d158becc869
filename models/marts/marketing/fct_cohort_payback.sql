{# After how many months a cohort has paid for its winning. Spend is the channel's own where cohorts
   are told apart by channel, else all of it. Who is not reachable was won and paid for too. #}

with

cohort_months as (
    select * from {{ ref('fct_cohort_margin') }}
),

members as (
    select * from {{ ref('int_cohort_members') }}
),

spend as (
    select
        channel,
        margin_date,
        spend_amount
    from {{ ref('fct_channel_margin_daily') }}
    where spend_amount > 0
),

monthly_spend as (
    select
        channel,
        cast({{ dbt.date_trunc('month', 'margin_date') }} as date) as month_date,
        cast({{ dbt.date_trunc('quarter', 'margin_date') }} as date) as quarter_date,
        sum(spend_amount) as spend_amount
    from spend
    group by
        channel,
        cast({{ dbt.date_trunc('month', 'margin_date') }} as date),
        cast({{ dbt.date_trunc('quarter', 'margin_date') }} as date)
),

monthly_totals as (
    select
        month_date,
        quarter_date,
        sum(spend_amount) as spend_amount
    from monthly_spend
    group by month_date, quarter_date
),

cohort_months_won as (
    select
        cohort_dimension,
        cohort_value,
        cohort_period,
        cohort_date,
        cast({{ dbt.date_trunc('month', 'first_purchase_date') }} as date) as month_date,
        count(*) as customer_count
    from members
    group by
        cohort_dimension,
        cohort_value,
        cohort_period,
        cohort_date,
        cast({{ dbt.date_trunc('month', 'first_purchase_date') }} as date)
),

leveled_spend as (
    select
        'channel' as cohort_dimension,
        channel as cohort_value,
        month_date,
        quarter_date,
        spend_amount
    from monthly_spend
    union all
    select
        'all' as cohort_dimension,
        'all' as cohort_value,
        month_date,
        quarter_date,
        spend_amount
    from monthly_totals
),

{# A month that won nobody was paid for too: by its quarter, if the month is no cohort itself. #}
own_costs as (
    select
        leveled_spend.cohort_dimension,
        leveled_spend.cohort_value,
        case when won.cohort_date is null then 'quarter' else 'month' end as cohort_period,
        coalesce(won.cohort_date, leveled_spend.quarter_date) as cohort_date,
        leveled_spend.spend_amount
    from leveled_spend
    left join cohort_months_won as won
        on leveled_spend.cohort_dimension = won.cohort_dimension
        and leveled_spend.cohort_value = won.cohort_value
        and leveled_spend.month_date = won.month_date
        and won.cohort_period = 'month'
),

month_customers as (
    select
        month_date,
        sum(customer_count) as customer_count
    from cohort_months_won
    where cohort_dimension = 'all'
    group by month_date
),

{# Told apart otherwise, customers of a month bear its spend alike. #}
shared_costs as (
    select
        won.cohort_dimension,
        won.cohort_value,
        won.cohort_period,
        won.cohort_date,
        {{ amount_per(
            'monthly_totals.spend_amount * won.customer_count', 'month_customers.customer_count'
        ) }} as spend_amount
    from cohort_months_won as won
    inner join monthly_totals
        on won.month_date = monthly_totals.month_date
    inner join month_customers
        on won.month_date = month_customers.month_date
    where won.cohort_dimension not in ('all', 'channel')
),

costs as (
    select * from own_costs
    union all
    select * from shared_costs
),

cohort_costs as (
    select
        cohort_dimension,
        cohort_value,
        cohort_period,
        cohort_date,
        sum(spend_amount) as spend_amount
    from costs
    group by cohort_dimension, cohort_value, cohort_period, cohort_date
),

joined as (
    select
        cohort_months.*,
        coalesce(cohort_costs.spend_amount, 0) as spend_amount,
        {{ amount_per('coalesce(cohort_costs.spend_amount, 0)', 'cohort_months.customer_count') }}
            as new_customer_cost_amount
    from cohort_months
    left join cohort_costs
        on cohort_months.cohort_dimension = cohort_costs.cohort_dimension
        and cohort_months.cohort_value = cohort_costs.cohort_value
        and cohort_months.cohort_period = cohort_costs.cohort_period
        and cohort_months.cohort_date = cohort_costs.cohort_date
),

summed as (
    select
        cohort_id,
        cohort_dimension,
        cohort_value,
        cohort_period,
        cohort_date,
        is_small,
        min(customer_count) as customer_count,
        min(unreachable_customer_count) as unreachable_customer_count,
        max(month_number) as last_complete_month,
        min(spend_amount) as spend_amount,
        min(new_customer_cost_amount) as new_customer_cost_amount,
        min(
            case when lifetime_value_amount >= new_customer_cost_amount then month_number end
        ) as payback_month,
        {# The first twelve months are numbered 0 to 11. #}
        max(case when month_number = 11 then lifetime_value_amount end)
            as lifetime_value_12_months_amount
    from joined
    group by
        cohort_id, cohort_dimension, cohort_value, cohort_period, cohort_date, is_small
),

final as (
    select
        cohort_id,
        cohort_dimension,
        cohort_value,
        cohort_period,
        case
            when spend_amount = 0 then 'no spend on record'
            when payback_month is not null then 'paid back'
            else 'not paid back yet'
        end as payback_state,
        customer_count,
        unreachable_customer_count,
        last_complete_month,
        case when spend_amount > 0 then payback_month end as payback_month,
        cast(spend_amount as decimal(18, 4)) as spend_amount,
        new_customer_cost_amount,
        lifetime_value_12_months_amount,
        case
            when spend_amount > 0
                then cast(
                    lifetime_value_12_months_amount / new_customer_cost_amount as decimal(18, 6)
                )
        end as lifetime_value_to_cost_ratio,
        is_small,
        cohort_date
    from summed
)

select * from final
