{{ config(access='protected') }}

{# How sales respond to spend: sales = k × spend^elasticity, read as the slope of logarithms over
   weeks by least squares. Logarithms are decimals before they are summed, so that no order of rows
   moves a figure; a root is a double, its result six decimals. #}

with

weeks as (
    select * from {{ ref('int_spend_weeks') }}
),

logarithms as (
    select
        *,
        case
            when sales_amount > 0
                then cast(ln(cast(spend_amount as {{ type_double() }})) as decimal(18, 9))
        end as spend_log,
        case
            when sales_amount > 0
                then cast(ln(cast(sales_amount as {{ type_double() }})) as decimal(18, 9))
        end as sales_log
    from weeks
),

counted as (
    select
        *,
        count(*) over (partition by media_level, channel, campaign_id) as week_count,
        count(sales_log) over (partition by media_level, channel, campaign_id) as selling_count,
        sum(spend_amount) over (partition by media_level, channel, campaign_id) as spend_sum,
        sum(spend_log) over (partition by media_level, channel, campaign_id) as spend_log_sum,
        sum(sales_log) over (partition by media_level, channel, campaign_id) as sales_log_sum
    from logarithms
),

centred as (
    select
        media_level,
        channel,
        campaign_id,
        week_count,
        selling_count,
        spend_amount,
        cast(week_count * spend_amount - spend_sum as {{ type_double() }})
        / cast(spend_sum as {{ type_double() }}) as spend_deviation,
        cast(selling_count * spend_log - spend_log_sum as decimal(18, 9)) as spend_step,
        cast(selling_count * sales_log - sales_log_sum as decimal(18, 9)) as sales_step
    from counted
),

sums as (
    select
        media_level,
        channel,
        campaign_id,
        max(week_count) as week_count,
        max(selling_count) as selling_count,
        min(spend_amount) as least_spend_amount,
        max(spend_amount) as most_spend_amount,
        sum(cast(spend_deviation * spend_deviation as decimal(18, 12))) as spend_deviation_square,
        cast(sum(spend_step * spend_step) as {{ type_double() }}) as spend_square,
        cast(sum(sales_step * sales_step) as {{ type_double() }}) as sales_square,
        cast(sum(spend_step * sales_step) as {{ type_double() }}) as product_sum
    from centred
    group by media_level, channel, campaign_id
),

sloped as (
    select
        *,
        sqrt(cast(spend_deviation_square as {{ type_double() }}) / week_count)
            as spend_variation,
        case when spend_square > 0 then product_sum / spend_square end as slope,
        case
            when spend_square > 0 and selling_count > 2
                then sqrt(
                    greatest(sales_square - product_sum * product_sum / spend_square, 0)
                    / spend_square / (selling_count - 2)
                )
        end as slope_error
    from sums
),

final as (
    select
        media_level,
        channel,
        campaign_id,
        cast(week_count as {{ dbt.type_bigint() }}) as week_count,
        cast(selling_count as {{ dbt.type_bigint() }}) as selling_week_count,
        least_spend_amount,
        most_spend_amount,
        cast(spend_variation as decimal(18, 6)) as spend_variation_ratio,
        cast(slope as decimal(18, 6)) as elasticity,
        cast(slope - {{ var('response_interval_t') }} * slope_error as decimal(18, 6))
            as elasticity_low,
        cast(slope + {{ var('response_interval_t') }} * slope_error as decimal(18, 6))
            as elasticity_high
    from sloped
)

select * from final
