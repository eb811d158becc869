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

{# Days on which a cohort was won: whole months, those that were pooled into it. #}
cohort_spans as (
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

monthly_spend as (
    select
        channel,
        cast({{ dbt.date_trunc('month', 'margin_date') }} as date) as month_date,
        sum(spend_amount) as spend_amount
    from spend
    group by channel, cast({{ dbt.date_trunc('month', 'margin_date') }} as date)
),

monthly_customers as (
    select
        cast({{ dbt.date_trunc('month', 'first_purchase_date') }} as date) as month_date,
        count(*) as customer_count
    from members
    where cohort_dimension = 'all'
    group by cast({{ dbt.date_trunc('month', 'first_purchase_date') }} as date)
),

monthly_costs as (
    select
        monthly_spend.month_date,
        sum(monthly_spend.spend_amount) as spend_amount
    from monthly_spend
    group by monthly_spend.month_date
),

{# All customers of a month bear its spend alike, unless they are told apart by channel. #}
costs as (
    select
        cohort_spans.cohort_dimension,
        cohort_spans.cohort_value,
        cohort_spans.cohort_period,
        cohort_spans.cohort_date,
        sum(cohort_spans.customer_count) as customer_count,
        sum(
            case
                when cohort_spans.cohort_dimension = 'channel'
                    then coalesce(monthly_spend.spend_amount, 0)
                else
                    coalesce(
                        {{ amount_per(
                            'monthly_costs.spend_amount * cohort_spans.customer_count',
                            'monthly_customers.customer_count'
                        ) }},
                        0
                    )
            end
        ) as spend_amount
    from cohort_spans
    inner join monthly_customers
        on cohort_spans.month_date = monthly_customers.month_date
    left join monthly_costs
        on cohort_spans.month_date = monthly_costs.month_date
    left join monthly_spend
        on cohort_spans.month_date = monthly_spend.month_date
        and cohort_spans.cohort_dimension = 'channel'
        and cohort_spans.cohort_value = monthly_spend.channel
    group by
        cohort_spans.cohort_dimension,
        cohort_spans.cohort_value,
        cohort_spans.cohort_period,
        cohort_spans.cohort_date
),

joined as (
    select
        cohort_months.*,
        costs.spend_amount,
        {{ amount_per('costs.spend_amount', 'costs.customer_count') }}
            as new_customer_cost_amount
    from cohort_months
    inner join costs
        on cohort_months.cohort_dimension = costs.cohort_dimension
        and cohort_months.cohort_value = costs.cohort_value
        and cohort_months.cohort_period = costs.cohort_period
        and cohort_months.cohort_date = costs.cohort_date
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
