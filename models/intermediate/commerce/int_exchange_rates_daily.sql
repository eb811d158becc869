{# Rates to the reporting currency on every day from the first one known: a day without a rate takes
   the newest before it, and the last one holds until a newer is landed. #}

with

exchange_rates as (
    select * from {{ ref('stg_costs__exchange_rates') }}
    where to_currency = '{{ var("reporting_currency") }}'
),

day_numbers as (
    {{ day_numbers() }}
),

ranked as (
    select
        from_currency as currency,
        rate_date,
        exchange_rate,
        row_number() over (
            partition by from_currency, rate_date order by source_relation
        ) as source_rank
    from exchange_rates
),

rates as (
    select *
    from ranked
    where source_rank = 1
),

first_dates as (
    select
        currency,
        min(rate_date) as first_date
    from rates
    group by currency
),

days as (
    select
        first_dates.currency,
        cast(
            {{ dbt.dateadd('day', 'day_numbers.day_number', 'first_dates.first_date') }} as date
        ) as rate_date
    from first_dates
    cross join day_numbers
),

known_rates as (
    select
        days.currency,
        days.rate_date,
        max(rates.rate_date) over (
            partition by days.currency
            order by days.rate_date
            rows between unbounded preceding and current row
        ) as known_on
    from days
    left join rates
        on days.currency = rates.currency
        and days.rate_date = rates.rate_date
),

final as (
    select
        known_rates.currency,
        cast(rates.exchange_rate as decimal(18, 8)) as exchange_rate,
        known_rates.rate_date
    from known_rates
    inner join rates
        on known_rates.currency = rates.currency
        and known_rates.known_on = rates.rate_date
)

select * from final
