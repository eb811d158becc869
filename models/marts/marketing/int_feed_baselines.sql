{{ config(access='private') }}

{# What each incident's offer sold a day before it: the median of the newest 28 days on which it
   could be bought. Where most days sell nothing the median says nothing, and the mean is taken. #}

with

runs as (
    select * from {{ ref('int_feed_runs') }}
),

days as (
    select * from {{ ref('int_feed_days') }}
),

{# An offer that vanished or whose account is stopped is lost to ads; what free listings lose stands
   in a row of its own there. #}
ranked as (
    select
        runs.feed_offer_id,
        runs.country_code,
        runs.reporting_context,
        runs.incident_kind,
        runs.started_at,
        days.sku,
        days.sales_amount,
        row_number() over (
            partition by
                runs.feed_offer_id, runs.country_code, runs.reporting_context,
                runs.incident_kind, runs.started_at
            order by days.feed_date desc
        ) as place
    from runs
    inner join days
        on runs.feed_offer_id = days.feed_offer_id
        and case
            when runs.reporting_context = 'all' then 'SHOPPING_ADS'
            else runs.reporting_context
        end = days.reporting_context
        and days.feed_date < cast(runs.started_at as date)
),

final as (
    select
        feed_offer_id,
        country_code,
        reporting_context,
        incident_kind,
        started_at,
        min(sku) as sku,
        count(*) as baseline_day_count,
        cast({{ median('sales_amount') }} as decimal(18, 4)) as median_amount,
        cast(
            sum(sales_amount) / cast(count(*) as {{ type_double() }}) as decimal(18, 4)
        ) as mean_amount
    from ranked
    where place <= 28
    group by feed_offer_id, country_code, reporting_context, incident_kind, started_at
)

select * from final
