{# Rates to the reporting currency on every day from the first one known: a day without a rate takes
   the newest before it, and the last one holds until a newer is landed. #}

with

exchange_rates as (
    select * from {{ ref('stg_costs__exchange_rates') }}
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
    where to_currency = '{{ var("reporting_currency") }}'
),

periods as (
    select
        currency,
        rate_date,
        exchange_rate,
        lead(rate_date) over (partition by currency order by rate_date) as next_rate_date
    from ranked
    where source_rank = 1
),

lengths as (
    select
        currency,
        rate_date,
        exchange_rate,
        {{ dbt.datediff('rate_date', 'next_rate_date', 'day') }} as day_count
    from periods
),

final as (
    select
        lengths.currency,
        cast(lengths.exchange_rate as decimal(18, 8)) as exchange_rate,
        cast(
            {{ dbt.dateadd('day', 'day_numbers.day_number', 'lengths.rate_date') }} as date
        ) as rate_date
    from lengths
    inner join day_numbers
        on lengths.day_count is null or day_numbers.day_number < lengths.day_count
)

select * from final
