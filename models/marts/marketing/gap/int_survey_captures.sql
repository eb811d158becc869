{{ config(access='private') }}

{# Two captures of the orders that a channel touched: a click, and what the buyer said. Respondents
   stand for their stratum; unequal weights are worth fewer respondents, after Kish. The error of
   capture is what the two captures leave open among the respondents; that of the sample has in it
   besides that other buyers might have answered. #}

with

orders as (
    select * from {{ ref('int_survey_orders') }}
),

mentions as (
    select * from {{ ref('int_survey_mentions') }}
),

{# The linear model credits every touch of the path. #}
clicks as (
    select
        order_id,
        channel
    from {{ ref('fct_order_credits') }}
    where
        attribution_model = 'linear'
        and credit_ratio > 0
        and channel not in ('direct', 'unattributed')
    group by order_id, channel
),

sightings as (
    select
        order_id,
        channel,
        1 as click_count,
        0 as mention_ratio
    from clicks
    union all
    select
        order_id,
        channel,
        0 as click_count,
        mention_ratio
    from mentions
),

seen as (
    select
        sightings.order_id,
        sightings.channel,
        max(sightings.click_count) as click_count,
        max(sightings.mention_ratio) as mention_ratio
    from sightings
    group by sightings.order_id, sightings.channel
),

summed as (
    select
        seen.channel,
        sum(seen.click_count) as clicked_order_count,
        sum(case when orders.is_respondent then seen.click_count else 0 end)
            as clicked_respondent_count,
        sum(case when orders.is_respondent then seen.mention_ratio else 0 end)
            as named_respondent_count,
        sum(case when orders.is_respondent then seen.mention_ratio * seen.click_count else 0 end)
            as both_respondent_count,
        sum(coalesce(orders.respondent_weight, 0) * seen.click_count) as clicked_weight,
        sum(coalesce(orders.respondent_weight, 0) * seen.mention_ratio) as named_weight,
        sum(coalesce(orders.respondent_weight, 0) * seen.mention_ratio * seen.click_count)
            as both_weight
    from seen
    inner join orders
        on seen.order_id = orders.order_id
    group by seen.channel
),

totals as (
    select
        count(*) as order_count,
        max(covered_order_count) as covered_order_count,
        max(respondent_count) as respondent_count,
        sum(respondent_weight * respondent_weight) as weight_square,
        min(window_from_date) as window_from_date,
        max(window_to_date) as window_to_date
    from orders
),

estimated as (
    select
        summed.*,
        totals.order_count,
        totals.covered_order_count,
        totals.respondent_count,
        totals.window_from_date,
        totals.window_to_date,
        case
            when totals.respondent_count < {{ var('survey_respondents_minimum') }}
                then 'fewer than {{ var("survey_respondents_minimum") }} respondents'
            when summed.both_respondent_count < {{ var('survey_overlap_minimum') }}
                then 'fewer than {{ var("survey_overlap_minimum") }} both clicked and named it'
        end as lack,
        {{ chapman_estimate('clicked_weight', 'named_weight', 'both_weight') }} as estimate,
        {{ chapman_error('clicked_weight', 'named_weight', 'both_weight') }}
        * sqrt(cast(totals.weight_square as {{ type_double() }}) / totals.respondent_count)
            as estimate_error,
        cast(totals.weight_square as {{ type_double() }}) / totals.respondent_count
            as weight_ratio,
        cast(totals.covered_order_count as {{ type_double() }}) / totals.respondent_count as scale
    from summed
    cross join totals
    where totals.respondent_count > 0
),

sampled as (
    select
        *,
        sqrt(
            estimate_error * estimate_error
            + weight_ratio
            * greatest(estimate * (1 - estimate / respondent_count), 0)
            * (1 - cast(respondent_count as {{ type_double() }}) / covered_order_count)
        ) as sample_error
    from estimated
),

final as (
    select
        channel,
        lack,
        cast(order_count as {{ dbt.type_bigint() }}) as order_count,
        cast(covered_order_count as {{ dbt.type_bigint() }}) as covered_order_count,
        cast(respondent_count as {{ dbt.type_bigint() }}) as respondent_count,
        cast(clicked_order_count as {{ dbt.type_bigint() }}) as clicked_order_count,
        cast(clicked_respondent_count as {{ dbt.type_bigint() }}) as clicked_respondent_count,
        cast(named_respondent_count as decimal(18, 6)) as named_respondent_count,
        cast(both_respondent_count as decimal(18, 6)) as both_respondent_count,
        cast(clicked_weight as decimal(18, 6)) as clicked_weight,
        cast(named_weight as decimal(18, 6)) as named_weight,
        cast(both_weight as decimal(18, 6)) as both_weight,
        case when lack is null then cast(estimate as decimal(18, 6)) end as touched_respondent_count,
        case when lack is null then cast(estimate_error as decimal(18, 6)) end
            as touched_respondent_error,
        case when lack is null then cast(estimate * scale as decimal(18, 6)) end
            as touched_order_count,
        case
            when lack is null
                then cast(
                    (estimate - {{ var('gap_interval_z') }} * estimate_error) * scale
                    as decimal(18, 6)
                )
        end as touched_order_low_count,
        case
            when lack is null
                then cast(
                    (estimate + {{ var('gap_interval_z') }} * estimate_error) * scale
                    as decimal(18, 6)
                )
        end as touched_order_high_count,
        case
            when lack is null
                then cast(
                    (estimate - {{ var('gap_interval_z') }} * sample_error) * scale
                    as decimal(18, 6)
                )
        end as touched_order_sample_low_count,
        case
            when lack is null
                then cast(
                    (estimate + {{ var('gap_interval_z') }} * sample_error) * scale
                    as decimal(18, 6)
                )
        end as touched_order_sample_high_count,
        window_from_date,
        window_to_date
    from sampled
)

select * from final
