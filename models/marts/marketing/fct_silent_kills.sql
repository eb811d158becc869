{# Impressions of two days beside what the four weeks before them let expect, by weekday; and the
   same for all offers, so that a lean day of the whole campaign is none of the offer's. The chance
   that so few come by themselves is Chernoff's upper bound of Poisson's tail: never smaller than
   the tail. #}

with

rules as (
    select * from {{ ref('int_feed_rules') }}
),

views as (
    select
        source_relation || ':' || offer_id as feed_offer_id,
        item_group_id,
        availability,
        price_amount,
        pulled_date
    from {{ ref('stg_google_merchant__product_views') }}
),

performances as (
    select
        source_relation,
        source_relation || ':' || offer_id as feed_offer_id,
        reporting_context,
        impression_count,
        performance_date
    from {{ ref('stg_google_merchant__product_performances') }}
),

totals as (
    select
        source_relation,
        reporting_context,
        performance_date,
        sum(impression_count) as impression_count
    from performances
    group by source_relation, reporting_context, performance_date
),

{# Only four weeks of each day's own past: a later day would tell what was not yet known. #}
factors as (
    select
        today.source_relation,
        today.reporting_context,
        today.performance_date,
        past.performance_date as past_date,
        past.impression_count as past_count,
        avg(cast(past.impression_count as decimal(18, 4))) over (
            partition by
                today.source_relation, today.reporting_context, today.performance_date,
                {{ day_of_week('past.performance_date') }}
        ) / nullif(avg(cast(past.impression_count as decimal(18, 4))) over (
            partition by today.source_relation, today.reporting_context, today.performance_date
        ), 0) as weekday_factor
    from totals as today
    inner join totals as past
        on today.source_relation = past.source_relation
        and today.reporting_context = past.reporting_context
        and {{ dbt.datediff('past.performance_date', 'today.performance_date', 'day') }}
        between 2 and 29
),

day_pair_factors as (
    select
        source_relation,
        reporting_context,
        performance_date,
        sum(weekday_factor) as pair_factor
    from factors
    where {{ dbt.datediff('past_date', 'performance_date', 'day') }} in (7, 8)
    group by source_relation, reporting_context, performance_date
),

expected_totals as (
    select
        source_relation,
        reporting_context,
        performance_date,
        {{ median('past_count / nullif(weekday_factor, 0)') }} as level
    from factors
    group by source_relation, reporting_context, performance_date
),

days as (
    select
        performances.*,
        views.item_group_id,
        views.availability,
        views.price_amount
    from performances
    left join views
        on performances.feed_offer_id = views.feed_offer_id
        and performances.performance_date = views.pulled_date
),

levels as (
    select
        today.feed_offer_id,
        today.reporting_context,
        today.performance_date,
        {{ median('past.impression_count / nullif(factors.weekday_factor, 0)') }} as level,
        {{ median('past.price_amount') }} as usual_price_amount,
        count(*) as past_day_count
    from days as today
    inner join days as past
        on today.feed_offer_id = past.feed_offer_id
        and today.reporting_context = past.reporting_context
        and {{ dbt.datediff('past.performance_date', 'today.performance_date', 'day') }}
        between 2 and 29
        and past.availability = 'in_stock'
    inner join factors
        on today.source_relation = factors.source_relation
        and today.reporting_context = factors.reporting_context
        and today.performance_date = factors.performance_date
        and past.performance_date = factors.past_date
    group by today.feed_offer_id, today.reporting_context, today.performance_date
),

pairs as (
    select
        today.source_relation,
        today.feed_offer_id,
        today.reporting_context,
        today.performance_date,
        today.item_group_id,
        today.availability,
        today.price_amount,
        today.impression_count + yesterday.impression_count as seen_count,
        yesterday.availability as yesterday_availability
    from days as today
    inner join days as yesterday
        on today.feed_offer_id = yesterday.feed_offer_id
        and today.reporting_context = yesterday.reporting_context
        and {{ dbt.datediff('yesterday.performance_date', 'today.performance_date', 'day') }} = 1
),

total_pairs as (
    select
        today.source_relation,
        today.reporting_context,
        today.performance_date,
        today.impression_count + yesterday.impression_count as seen_count
    from totals as today
    inner join totals as yesterday
        on today.source_relation = yesterday.source_relation
        and today.reporting_context = yesterday.reporting_context
        and {{ dbt.datediff('yesterday.performance_date', 'today.performance_date', 'day') }} = 1
),

ratios as (
    select
        pairs.*,
        levels.usual_price_amount,
        levels.past_day_count,
        levels.level * day_pair_factors.pair_factor as expected_count,
        total_pairs.seen_count as total_seen_count,
        expected_totals.level * day_pair_factors.pair_factor as total_expected_count
    from pairs
    inner join levels
        on pairs.feed_offer_id = levels.feed_offer_id
        and pairs.reporting_context = levels.reporting_context
        and pairs.performance_date = levels.performance_date
    inner join day_pair_factors
        on pairs.source_relation = day_pair_factors.source_relation
        and pairs.reporting_context = day_pair_factors.reporting_context
        and pairs.performance_date = day_pair_factors.performance_date
    inner join expected_totals
        on pairs.source_relation = expected_totals.source_relation
        and pairs.reporting_context = expected_totals.reporting_context
        and pairs.performance_date = expected_totals.performance_date
    inner join total_pairs
        on pairs.source_relation = total_pairs.source_relation
        and pairs.reporting_context = total_pairs.reporting_context
        and pairs.performance_date = total_pairs.performance_date
),

judged as (
    {{ silent_kill_signs('ratios') }}
),

consecutive as (
    select
        *,
        lag(case when is_low then performance_date end) over (
            partition by feed_offer_id, reporting_context order by performance_date
        ) as previous_low_date
    from judged
),

final as (
    select
        feed_offer_id,
        reporting_context,
        case
            when not is_low then 'none'
            when seen_count = 0 then 'excluded'
            else 'starved'
        end as kill_kind,
        cast(seen_count as {{ dbt.type_bigint() }}) as seen_count,
        cast(expected_count as decimal(18, 4)) as expected_count,
        cast(silent_ratio as decimal(18, 4)) as silent_ratio,
        cast(chance_log as decimal(18, 4)) as chance_log,
        is_low,
        is_low
        and coalesce(
            {{ dbt.datediff('previous_low_date', 'performance_date', 'day') }} = 1, false
        ) as is_silent_kill,
        performance_date
    from consecutive
)

select * from final
