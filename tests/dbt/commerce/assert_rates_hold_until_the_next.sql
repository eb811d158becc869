-- Every landed rate stands on its own day, and the day before the next one still has it: conversion
-- never looks ahead and never falls into a gap.
with

landed_rates as (
    select
        from_currency as currency,
        rate_date,
        min(source_relation) as source_relation
    from {{ ref('stg_costs__exchange_rates') }}
    where to_currency = '{{ var("reporting_currency") }}'
    group by from_currency, rate_date
),

valued_rates as (
    select
        landed_rates.currency,
        landed_rates.rate_date,
        cast(exchange_rates.exchange_rate as decimal(18, 8)) as exchange_rate,
        lead(landed_rates.rate_date) over (
            partition by landed_rates.currency order by landed_rates.rate_date
        ) as next_rate_date
    from landed_rates
    inner join {{ ref('stg_costs__exchange_rates') }} as exchange_rates
        on landed_rates.currency = exchange_rates.from_currency
        and landed_rates.rate_date = exchange_rates.rate_date
        and landed_rates.source_relation = exchange_rates.source_relation
        and exchange_rates.to_currency = '{{ var("reporting_currency") }}'
),

checked_days as (
    select
        currency,
        exchange_rate,
        rate_date as checked_on
    from valued_rates
    union all
    select
        currency,
        exchange_rate,
        cast({{ dbt.dateadd('day', -1, 'next_rate_date') }} as date) as checked_on
    from valued_rates
    where next_rate_date is not null
)

select
    checked_days.currency,
    checked_days.checked_on,
    checked_days.exchange_rate,
    daily_rates.exchange_rate as used_exchange_rate
from checked_days
left join {{ ref('int_exchange_rates_daily') }} as daily_rates
    on checked_days.currency = daily_rates.currency
    and checked_days.checked_on = daily_rates.rate_date
where checked_days.exchange_rate <> coalesce(daily_rates.exchange_rate, 0)
