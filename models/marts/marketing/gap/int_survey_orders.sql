{{ config(access='private') }}

{# The orders of the window, their stratum, and what a respondent stands for. Small strata are one,
   called pooled; in a stratum without a respondent nobody answers for the others. #}

with

as_of as (
    {{ survey_window() }}
),

orders as (
    select
        order_id,
        is_first_order,
        order_date
    from {{ ref('fct_orders') }}
    where order_scope = 'dtc' and not is_cancelled
),

placements as (
    select
        {{ concat_text(['source_relation', 'shopify_order_id'], ':') }} as order_id,
        min(device_type) as device_type
    from {{ ref('stg_web__events') }}
    where event_name = 'order_completed' and shopify_order_id is not null
    group by {{ concat_text(['source_relation', 'shopify_order_id'], ':') }}
),

last_channels as (
    select
        order_id,
        min(channel) as channel
    from {{ ref('fct_order_credits') }}
    where attribution_model = 'last_non_direct'
    group by order_id
),

respondents as (
    select order_id
    from {{ ref('int_survey_mentions') }}
    group by order_id
),

placed as (
    select
        orders.order_id,
        {{ concat_text([
            "case when orders.is_first_order then 'new' else 'returning' end",
            "coalesce(placements.device_type, 'unknown')",
            "coalesce(last_channels.channel, 'unattributed')"
        ], '|') }} as stratum,
        case when respondents.order_id is null then 0 else 1 end as response_count,
        as_of.window_from_date,
        as_of.as_of_date as window_to_date
    from orders
    inner join as_of
        on orders.order_date between as_of.window_from_date and as_of.as_of_date
    left join placements
        on orders.order_id = placements.order_id
    left join last_channels
        on orders.order_id = last_channels.order_id
    left join respondents
        on orders.order_id = respondents.order_id
),

sized as (
    select
        *,
        sum(response_count) over (partition by stratum) as own_respondent_count
    from placed
),

pooled as (
    select
        order_id,
        case
            when own_respondent_count < {{ var('survey_stratum_respondents_minimum') }}
                then 'pooled'
            else stratum
        end as stratum,
        response_count,
        window_from_date,
        window_to_date
    from sized
),

counted as (
    select
        *,
        count(*) over (partition by stratum) as stratum_order_count,
        sum(response_count) over (partition by stratum) as stratum_respondent_count
    from pooled
),

totals as (
    select
        *,
        sum(case when stratum_respondent_count > 0 then 1 else 0 end) over ()
            as covered_order_count,
        sum(response_count) over () as respondent_count
    from counted
),

final as (
    select
        order_id,
        stratum,
        cast(respondent_count as {{ dbt.type_bigint() }}) as respondent_count,
        cast(covered_order_count as {{ dbt.type_bigint() }}) as covered_order_count,
        {# Weights of the respondents sum to their number. #}
        case
            when response_count = 1
                then cast(
                    cast(stratum_order_count * respondent_count as decimal(28, 10))
                    / (stratum_respondent_count * covered_order_count) as decimal(18, 9)
                )
        end as respondent_weight,
        response_count = 1 as is_respondent,
        window_from_date,
        window_to_date
    from totals
)

select * from final
