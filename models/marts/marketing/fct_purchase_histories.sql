{# What repeat purchase is fitted to, as of now and as of the start of the holdout. Weeks are days
   over 7 with six decimals. #}

with

as_of as (
    select
        as_of_at,
        {{ shop_date('as_of_at') }} as as_of_date
    from {{ ref('int_as_of') }}
),

windows as (
    select
        'whole' as history_window,
        as_of_date as history_to_date,
        as_of_date,
        as_of_at
    from as_of
    union all
    select
        'calibration' as history_window,
        cast({{ dbt.dateadd('day', -7 * var('lifetime_holdout_weeks'), 'as_of_date') }} as date)
            as history_to_date,
        as_of_date,
        as_of_at
    from as_of
),

purchase_days as (
    select * from {{ ref('int_purchase_days') }}
),

reachable as (
    select customer_id
    from {{ ref('identity_map') }}
    where identifier_type in ('email', 'phone')
    group by customer_id
),

counted as (
    select
        purchase_days.customer_id,
        windows.history_window,
        windows.history_to_date,
        windows.as_of_at,
        sum(case when purchase_days.purchase_date <= windows.history_to_date then 1 else 0 end) - 1
            as repeat_day_count,
        sum(case when purchase_days.purchase_date > windows.history_to_date then 1 else 0 end)
            as later_day_count,
        sum(
            case
                when
                    purchase_days.purchase_number > 1
                    and purchase_days.purchase_date <= windows.history_to_date
                    then purchase_days.purchase_amount
                else 0
            end
        ) as repeat_sales_amount,
        min(purchase_days.purchase_date) as first_purchase_date,
        max(
            case
                when purchase_days.purchase_date <= windows.history_to_date
                    then purchase_days.purchase_date
            end
        ) as last_purchase_date
    from purchase_days
    cross join windows
    group by
        purchase_days.customer_id,
        windows.history_window,
        windows.history_to_date,
        windows.as_of_at
),

aged as (
    select
        *,
        {{ dbt.datediff('first_purchase_date', 'last_purchase_date', 'day') }}
            as recency_days,
        {{ dbt.datediff('first_purchase_date', 'history_to_date', 'day') }}
            as age_days
    from counted
    where repeat_day_count >= 0
),

final as (
    select
        aged.customer_id,
        aged.history_window,
        cast(aged.repeat_day_count as {{ dbt.type_bigint() }}) as repeat_day_count,
        cast(aged.recency_days as {{ dbt.type_bigint() }}) as recency_days,
        cast(aged.age_days as {{ dbt.type_bigint() }}) as age_days,
        cast(aged.recency_days / 7.0 as decimal(18, 6)) as recency_weeks,
        cast(aged.age_days / 7.0 as decimal(18, 6)) as age_weeks,
        case
            when aged.history_window = 'calibration'
                then cast(aged.later_day_count as {{ dbt.type_bigint() }})
        end as holdout_day_count,
        cast(aged.repeat_sales_amount as decimal(18, 4)) as repeat_sales_amount,
        case
            when aged.repeat_day_count > 0
                then {{ amount_per('aged.repeat_sales_amount', 'aged.repeat_day_count') }}
        end as average_repeat_amount,
        reachable.customer_id is not null as is_reachable,
        aged.first_purchase_date,
        aged.last_purchase_date,
        aged.history_to_date,
        aged.as_of_at
    from aged
    left join reachable
        on aged.customer_id = reachable.customer_id
)

select * from final
