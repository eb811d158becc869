{{ config(access='private') }}

{# Whether the brand as a whole moves with a channel's spend: by how many orders, whoever they are
   credited to, a week differs from the one before per unit by which the channel's spend does,
   beside what the others' spend does. Differences of weeks leave slow growth and season out. Steps
   are decimals, so that no order of rows moves a sum. #}

with

as_of as (
    select {{ shop_date('as_of_at') }} as as_of_date
    from {{ ref('int_as_of') }}
),

brand_weeks as (
    select
        efficiency.order_count,
        efficiency.spend_amount,
        efficiency.week_date
    from {{ ref('fct_media_efficiency_weekly') }} as efficiency
    cross join as_of
    where
        efficiency.is_complete_week
        and efficiency.week_date
        > {{ dbt.dateadd('day', -7 * (var('response_weeks') + 2), 'as_of.as_of_date') }}
),

channel_weeks as (
    select
        channel,
        spend_amount,
        week_date
    from {{ ref('int_media_weeks') }}
    where media_level = 'channel'
),

channels as (
    select channel
    from channel_weeks
    group by channel
),

weeks as (
    select
        channels.channel,
        brand_weeks.order_count,
        coalesce(channel_weeks.spend_amount, 0) as own_spend_amount,
        brand_weeks.spend_amount - coalesce(channel_weeks.spend_amount, 0) as other_spend_amount,
        brand_weeks.week_date
    from brand_weeks
    cross join channels
    left join channel_weeks
        on channels.channel = channel_weeks.channel
        and brand_weeks.week_date = channel_weeks.week_date
),

followed as (
    select
        channel,
        own_spend_amount,
        order_count - lag(order_count) over (partition by channel order by week_date)
            as order_change,
        own_spend_amount - lag(own_spend_amount) over (partition by channel order by week_date)
            as own_change,
        other_spend_amount - lag(other_spend_amount) over (partition by channel order by week_date)
            as other_change,
        {{ dbt.datediff(
            'lag(week_date) over (partition by channel order by week_date)', 'week_date', 'day'
        ) }} as day_count
    from weeks
),

steps as (
    select
        channel,
        count(*) over (partition by channel) as week_count,
        cast(
            count(*) over (partition by channel) * order_change
            - sum(order_change) over (partition by channel) as decimal(18, 4)
        ) as order_step,
        cast(
            count(*) over (partition by channel) * own_change
            - sum(own_change) over (partition by channel) as decimal(18, 4)
        ) as own_step,
        cast(
            count(*) over (partition by channel) * other_change
            - sum(other_change) over (partition by channel) as decimal(18, 4)
        ) as other_step
    from followed
    where day_count = 7
),

sums as (
    select
        channel,
        max(week_count) as week_count,
        cast(sum(order_step * order_step) as {{ type_double() }}) as order_square,
        cast(sum(own_step * own_step) as {{ type_double() }}) as own_square,
        cast(sum(other_step * other_step) as {{ type_double() }}) as other_square,
        cast(sum(own_step * order_step) as {{ type_double() }}) as own_product,
        cast(sum(other_step * order_step) as {{ type_double() }}) as other_product,
        cast(sum(own_step * other_step) as {{ type_double() }}) as cross_product
    from steps
    group by channel
),

{# A brand with one channel has nothing beside it: its own slope is all there is. #}
determined as (
    select
        *,
        case when other_square > 0 then other_square else 1 end as other_part,
        case
            when other_square > 0 then own_square * other_square - cross_product * cross_product
            else own_square
        end as determinant
    from sums
),

sloped as (
    select
        *,
        (own_product * other_part - cross_product * other_product) / determinant as own_slope,
        case
            when other_square > 0
                then (other_product * own_square - cross_product * own_product) / determinant
            else 0
        end as other_slope
    from determined
    {# Spend that always moves with the others' tells nothing of its own. #}
    where determinant > 0.000001 * own_square * other_part and week_count > 3
),

bounded as (
    select
        *,
        sqrt(
            greatest(order_square - own_slope * own_product - other_slope * other_product, 0)
            * other_part / ((week_count - 3) * determinant)
        ) as slope_error
    from sloped
),

final as (
    select
        channel,
        cast(week_count as {{ dbt.type_bigint() }}) as week_count,
        cast(own_slope as decimal(18, 9)) as orders_per_spend,
        cast(own_slope - {{ var('evidence_interval_t') }} * slope_error as decimal(18, 9))
            as orders_per_spend_low,
        cast(own_slope + {{ var('evidence_interval_t') }} * slope_error as decimal(18, 9))
            as orders_per_spend_high
    from bounded
)

select * from final
