{{ config(access='private') }}

{# Weeks of seven days, counted back from as_of, with what was spent and what credited orders of the
   same days sold: the steps from which a response is read. #}

with

as_of as (
    select {{ shop_date('as_of_at') }} as as_of_date
    from {{ ref('int_as_of') }}
),

paid_channels as (
    select channel
    from {{ ref('int_ad_spend_daily') }}
    group by channel
),

ad_days as (
    select
        ad_margins.channel,
        ad_margins.campaign_id,
        ad_margins.spend_amount,
        ad_margins.credited_net_merchandise_sales_amount,
        {{ dbt.datediff('ad_margins.margin_date', 'as_of.as_of_date', 'day') }} as age_days
    from {{ ref('int_ad_margin_daily') }} as ad_margins
    inner join paid_channels
        on ad_margins.channel = paid_channels.channel
    cross join as_of
),

weekly as (
    select
        channel,
        campaign_id,
        spend_amount,
        credited_net_merchandise_sales_amount,
        {{ integer_quotient('age_days', 7) }} as week_age
    from ad_days
    where age_days >= 0
),

levels as (
    select 'channel' as media_level
    union all
    select 'campaign' as media_level
),

leveled as (
    select
        levels.media_level,
        weekly.channel,
        case when levels.media_level = 'campaign' then weekly.campaign_id end as campaign_id,
        weekly.week_age,
        weekly.spend_amount,
        weekly.credited_net_merchandise_sales_amount
    from weekly
    cross join levels
    where
        weekly.week_age < {{ var('response_weeks') }}
        and (levels.media_level = 'channel' or weekly.campaign_id <> 'unknown')
),

final as (
    select
        media_level,
        channel,
        campaign_id,
        cast(week_age as {{ dbt.type_bigint() }}) as week_age,
        cast(sum(spend_amount) as decimal(18, 4)) as spend_amount,
        cast(sum(credited_net_merchandise_sales_amount) as decimal(18, 4)) as sales_amount
    from leveled
    group by media_level, channel, campaign_id, week_age
    having sum(spend_amount) > 0
)

select * from final
