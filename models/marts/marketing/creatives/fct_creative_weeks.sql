{# New ideas of each week beside what accounts of the same spend launch, and beside the aspiration.
   A week of which as_of has not seen the end is provisional. #}

with

as_of as (
    select {{ shop_date('as_of_at') }} as as_of_date
    from {{ ref('int_as_of') }}
),

ad_days as (
    select
        channel,
        ad_id,
        spend_date,
        sum(impression_count) as impression_count,
        sum(spend_amount) as spend_amount
    from {{ ref('int_ad_spend_daily') }}
    group by channel, ad_id, spend_date
),

ads as (
    select * from {{ ref('int_creative_ads') }}
),

scoped_days as (
    select
        channel as media_scope,
        *
    from ad_days
    union all
    select
        'all' as media_scope,
        *
    from ad_days
),

scopes as (
    select
        media_scope,
        {{ monday_of('min(spend_date)') }} as first_week_date
    from scoped_days
    group by media_scope
),

weeks as (
    select
        scopes.media_scope,
        cast({{ dbt.dateadd('day', '7 * numbers.day_number', 'scopes.first_week_date') }} as date)
            as week_date
    from scopes
    cross join as_of
    inner join ({{ day_numbers() }}) as numbers
        on
        7 * numbers.day_number
        <= {{ dbt.datediff('scopes.first_week_date', 'as_of.as_of_date', 'day') }}
),

launches as (
    select
        media_scope,
        {{ monday_of('first_shown_date') }} as week_date,
        sum(case when launch_level = 'concept' then 1 else 0 end) as new_concept_count,
        sum(case when launch_level = 'variation' then 1 else 0 end) as variation_count,
        sum(case when launch_level = 'iteration' then 1 else 0 end) as iteration_count,
        sum(case when launch_level = 'relaunch' then 1 else 0 end) as relaunch_count,
        sum(case when launch_level = 'unknown' then 1 else 0 end) as unknown_count
    from {{ ref('int_creative_launches') }}
    group by media_scope, {{ monday_of('first_shown_date') }}
),

live_ads as (
    select
        scoped_days.media_scope,
        {{ monday_of('scoped_days.spend_date') }} as week_date,
        scoped_days.channel,
        scoped_days.ad_id,
        sum(scoped_days.spend_amount) as spend_amount
    from scoped_days
    where scoped_days.impression_count > 0
    group by
        scoped_days.media_scope, {{ monday_of('scoped_days.spend_date') }}, scoped_days.channel,
        scoped_days.ad_id
),

live_counts as (
    select
        live_ads.media_scope,
        live_ads.week_date,
        count(*) as ad_count,
        sum(case when ads.is_parsed then 1 else 0 end) as parsed_ad_count,
        sum(live_ads.spend_amount) as spend_amount
    from live_ads
    inner join ads
        on live_ads.channel = ads.channel
        and live_ads.ad_id = ads.ad_id
    group by live_ads.media_scope, live_ads.week_date
),

{# Spend of the thirty days up to the week's last day. #}
month_spends as (
    select
        weeks.media_scope,
        weeks.week_date,
        sum(scoped_days.spend_amount) as monthly_spend_amount
    from weeks
    inner join scoped_days
        on weeks.media_scope = scoped_days.media_scope
        and scoped_days.spend_date between
        cast({{ dbt.dateadd('day', -23, 'weeks.week_date') }} as date)
        and cast({{ dbt.dateadd('day', 6, 'weeks.week_date') }} as date)
    group by weeks.media_scope, weeks.week_date
),

counted as (
    select
        weeks.media_scope,
        coalesce(launches.new_concept_count, 0) as new_concept_count,
        coalesce(launches.variation_count, 0) as variation_count,
        coalesce(launches.iteration_count, 0) as iteration_count,
        coalesce(launches.relaunch_count, 0) as relaunch_count,
        coalesce(launches.unknown_count, 0) as unknown_count,
        coalesce(live_counts.ad_count, 0) as ad_count,
        coalesce(live_counts.parsed_ad_count, 0) as parsed_ad_count,
        coalesce(live_counts.spend_amount, 0) as spend_amount,
        coalesce(month_spends.monthly_spend_amount, 0) as monthly_spend_amount,
        cast({{ dbt.dateadd('day', 6, 'weeks.week_date') }} as date) >= as_of.as_of_date
            as is_provisional,
        weeks.week_date
    from weeks
    cross join as_of
    left join launches
        on weeks.media_scope = launches.media_scope
        and weeks.week_date = launches.week_date
    left join live_counts
        on weeks.media_scope = live_counts.media_scope
        and weeks.week_date = live_counts.week_date
    left join month_spends
        on weeks.media_scope = month_spends.media_scope
        and weeks.week_date = month_spends.week_date
),

benchmarks as (
    select * from {{ ref('creative_benchmarks') }}
),

final as (
    select
        counted.media_scope,
        benchmarks.benchmark_name,
        cast(counted.new_concept_count as {{ dbt.type_bigint() }}) as new_concept_count,
        cast(counted.variation_count as {{ dbt.type_bigint() }}) as variation_count,
        cast(counted.iteration_count as {{ dbt.type_bigint() }}) as iteration_count,
        cast(counted.relaunch_count as {{ dbt.type_bigint() }}) as relaunch_count,
        cast(counted.unknown_count as {{ dbt.type_bigint() }}) as unknown_count,
        cast(counted.ad_count as {{ dbt.type_bigint() }}) as ad_count,
        cast(counted.parsed_ad_count as {{ dbt.type_bigint() }}) as parsed_ad_count,
        benchmarks.weekly_creative_count as benchmark_count,
        cast(counted.new_concept_count - benchmarks.weekly_creative_count as decimal(18, 2))
            as benchmark_gap_count,
        cast(
            counted.new_concept_count - {{ var('creative_aspiration_low_count') }}
            as {{ dbt.type_bigint() }}
        ) as aspiration_low_gap_count,
        cast(
            counted.new_concept_count - {{ var('creative_aspiration_high_count') }}
            as {{ dbt.type_bigint() }}
        ) as aspiration_high_gap_count,
        cast(counted.spend_amount as decimal(18, 4)) as spend_amount,
        cast(counted.monthly_spend_amount as decimal(18, 4)) as monthly_spend_amount,
        case
            when counted.ad_count > 0
                then {{ ratio_half_even('counted.parsed_ad_count', 'counted.ad_count') }}
        end as parse_ratio,
        counted.is_provisional,
        counted.week_date
    from counted
    left join benchmarks
        on counted.monthly_spend_amount > benchmarks.above_monthly_spend_amount
        and counted.monthly_spend_amount <= benchmarks.up_to_monthly_spend_amount
        and {{ holds_on('benchmarks', 'counted.week_date') }}
)

select * from final
