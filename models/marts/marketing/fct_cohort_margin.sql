{# Months are the customer's own, from the day of her first purchase; one is shown only where the
   youngest customer that the cohort can have has lived it whole. #}

with

as_of as (
    select {{ shop_date('as_of_at') }} as as_of_date
    from {{ ref('int_as_of') }}
),

members as (
    select * from {{ ref('int_cohort_members') }}
),

entries as (
    select * from {{ ref('int_margin_entries') }}
),

reachable as (
    select
        customer_id,
        is_reachable
    from {{ ref('fct_purchase_histories') }}
    where history_window = 'whole'
),

cohorts as (
    select
        members.cohort_dimension,
        members.cohort_value,
        members.cohort_period,
        members.cohort_date,
        members.last_month_date,
        count(*) as customer_count,
        sum(case when reachable.is_reachable then 0 else 1 end) as unreachable_customer_count
    from members
    inner join reachable
        on members.customer_id = reachable.customer_id
    group by
        members.cohort_dimension,
        members.cohort_value,
        members.cohort_period,
        members.cohort_date,
        members.last_month_date
),

{# What came before the first purchase, an order that was sent back whole, is of its month. #}
monthly as (
    select
        members.cohort_dimension,
        members.cohort_value,
        members.cohort_period,
        members.cohort_date,
        greatest({{ months_between('members.first_purchase_date', 'entries.entry_date') }}, 0)
            as month_number,
        sum(entries.cm2_amount) as cm2_amount,
        sum(entries.cm2_expected_amount) as cm2_expected_amount
    from members
    inner join entries
        on members.customer_id = entries.customer_id
    group by
        members.cohort_dimension,
        members.cohort_value,
        members.cohort_period,
        members.cohort_date,
        greatest({{ months_between('members.first_purchase_date', 'entries.entry_date') }}, 0)
),

numbers as (
    select number - 1 as month_number
    from ({{ numbers_to(120) }}) as numbers
),

{# The youngest customer that a cohort can have bought on the last day of its last month; her month
   k is whole when the month k + 1 after that month has ended. #}
complete as (
    select
        cohorts.*,
        numbers.month_number
    from cohorts
    cross join as_of
    inner join numbers
        on cast(
            {{ dbt.dateadd('month', 'numbers.month_number + 2', 'cohorts.last_month_date') }}
            as date
        ) <= as_of.as_of_date
),

filled as (
    select
        complete.*,
        coalesce(monthly.cm2_amount, 0) as cm2_amount,
        coalesce(monthly.cm2_expected_amount, 0) as cm2_expected_amount
    from complete
    left join monthly
        on complete.cohort_dimension = monthly.cohort_dimension
        and complete.cohort_value = monthly.cohort_value
        and complete.cohort_period = monthly.cohort_period
        and complete.cohort_date = monthly.cohort_date
        and complete.month_number = monthly.month_number
),

cumulated as (
    select
        *,
        sum(cm2_expected_amount) over (
            partition by cohort_dimension, cohort_value, cohort_period, cohort_date
            order by month_number
            rows between unbounded preceding and current row
        ) as cumulative_cm2_expected_amount
    from filled
),

final as (
    select
        {{ md5_hex(concat_text([
            'cohort_dimension', 'cohort_value', 'cohort_period',
            'cast(cohort_date as ' ~ dbt.type_string() ~ ')'
        ], '|')) }} as cohort_id,
        cohort_dimension,
        cohort_value,
        cohort_period,
        cast(month_number as {{ dbt.type_bigint() }}) as month_number,
        cast(customer_count as {{ dbt.type_bigint() }}) as customer_count,
        cast(unreachable_customer_count as {{ dbt.type_bigint() }}) as unreachable_customer_count,
        cast(cm2_amount as decimal(18, 4)) as cm2_amount,
        cast(cm2_expected_amount as decimal(18, 4)) as cm2_expected_amount,
        cast(cumulative_cm2_expected_amount as decimal(18, 4)) as cumulative_cm2_expected_amount,
        {{ amount_per('cumulative_cm2_expected_amount', 'customer_count') }}
            as lifetime_value_amount,
        customer_count < {{ var('cohort_customers_minimum') }} as is_small,
        cohort_date
    from cumulated
)

select * from final
