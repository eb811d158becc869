{# Hits among what was launched long enough ago. A published hit spends many times the median of its
   account; ours must have earned its spend besides. Concepts say what a winner costs. #}

with

as_of as (
    select {{ shop_date('as_of_at') }} as as_of_date
    from {{ ref('int_as_of') }}
),

launches as (
    select * from {{ ref('int_creative_launches') }}
),

margins as (
    select
        channel,
        ad_id,
        sum(spend_amount) as spend_amount,
        sum(cm3_amount) as cm3_amount
    from {{ ref('fct_ad_margin_daily') }}
    where ad_id <> 'unknown'
    group by channel, ad_id
),

creatives as (
    select
        launches.media_scope,
        launches.creative_key,
        max(case when launches.launch_level = 'concept' then 1 else 0 end) as is_concept,
        sum(coalesce(margins.spend_amount, 0)) as spend_amount,
        sum(coalesce(margins.cm3_amount, 0)) as cm3_amount,
        min(launches.first_shown_date) as first_shown_date
    from launches
    left join margins
        on launches.channel = margins.channel
        and launches.ad_id = margins.ad_id
    group by launches.media_scope, launches.creative_key
),

medians as (
    select
        media_scope,
        cast({{ median('spend_amount') }} as decimal(18, 4)) as median_spend_amount
    from creatives
    group by media_scope
),

judged as (
    select
        creatives.media_scope,
        creatives.is_concept,
        creatives.spend_amount,
        medians.median_spend_amount,
        case
            when
                creatives.spend_amount
                >= medians.median_spend_amount * {{ var('creative_hit_median_multiple') }}
                and creatives.spend_amount >= {{ var('creative_hit_spend_minimum') }}
                then 1
            else 0
        end as is_spend_hit,
        case when creatives.cm3_amount > 0 then 1 else 0 end as is_earning,
        cast({{ dbt.date_trunc('month', 'creatives.first_shown_date') }} as date) as launch_date
    from creatives
    inner join medians
        on creatives.media_scope = medians.media_scope
    inner join as_of
        on
        {{ dbt.datediff('creatives.first_shown_date', 'as_of.as_of_date', 'day') }}
        >= {{ var('creative_hit_age_days') }}
),

{# Spend of thirty days up to as_of says which accounts stand beside it. #}
ad_spend as (
    select
        ad_spend_daily.channel,
        sum(ad_spend_daily.spend_amount) as spend_amount
    from {{ ref('int_ad_spend_daily') }} as ad_spend_daily
    inner join as_of
        on ad_spend_daily.spend_date <= as_of.as_of_date
        and ad_spend_daily.spend_date
        > cast({{ dbt.dateadd('day', -30, 'as_of.as_of_date') }} as date)
    group by ad_spend_daily.channel
),

scope_spends as (
    select
        channel as media_scope,
        spend_amount
    from ad_spend
    union all
    select
        'all' as media_scope,
        sum(spend_amount) as spend_amount
    from ad_spend
),

benchmarks as (
    select
        scope_spends.media_scope,
        creative_benchmarks.benchmark_name,
        creative_benchmarks.hit_ratio as benchmark_hit_ratio
    from scope_spends
    cross join as_of
    inner join {{ ref('creative_benchmarks') }} as creative_benchmarks
        on scope_spends.spend_amount > creative_benchmarks.above_monthly_spend_amount
        and scope_spends.spend_amount <= creative_benchmarks.up_to_monthly_spend_amount
        and {{ holds_on('creative_benchmarks', 'as_of.as_of_date') }}
),

periods as (
    select
        'month' as launch_period,
        *
    from judged
    union all
    select
        'all' as launch_period,
        *
    from judged
),

counted as (
    select
        media_scope,
        launch_period,
        case when launch_period = 'month' then launch_date end as month_date,
        max(median_spend_amount) as median_spend_amount,
        count(*) as launched_count,
        sum(is_concept) as launched_concept_count,
        sum(is_spend_hit) as spend_hit_count,
        sum(is_spend_hit * is_earning) as hit_count,
        sum(spend_amount) as spend_amount,
        min(launch_date) as launch_date
    from periods
    group by
        media_scope, launch_period, case when launch_period = 'month' then launch_date end
),

final as (
    select
        counted.media_scope,
        counted.launch_period,
        benchmarks.benchmark_name,
        cast(counted.launched_count as {{ dbt.type_bigint() }}) as launched_count,
        cast(counted.launched_concept_count as {{ dbt.type_bigint() }}) as launched_concept_count,
        cast(counted.spend_hit_count as {{ dbt.type_bigint() }}) as spend_hit_count,
        cast(counted.hit_count as {{ dbt.type_bigint() }}) as hit_count,
        cast(counted.median_spend_amount as decimal(18, 4)) as median_spend_amount,
        cast(counted.spend_amount as decimal(18, 4)) as spend_amount,
        {{ amount_per('counted.spend_amount', 'counted.hit_count') }} as spend_per_hit_amount,
        case
            when counted.hit_count > 0
                then {{ ratio_half_even('counted.launched_concept_count', 'counted.hit_count') }}
        end as concepts_per_hit,
        {{ ratio_half_even('counted.hit_count', 'counted.launched_count') }} as hit_ratio,
        {{ wilson_bound(
            'counted.hit_count', 'counted.launched_count', var('threshold_interval_z'), -1
        ) }} as hit_low_ratio,
        {{ wilson_bound(
            'counted.hit_count', 'counted.launched_count', var('threshold_interval_z'), 1
        ) }} as hit_high_ratio,
        benchmarks.benchmark_hit_ratio,
        counted.launch_date
    from counted
    left join benchmarks
        on counted.media_scope = benchmarks.media_scope
)

select * from final
