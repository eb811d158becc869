{{ config(access='private') }}

{# What the newest window says of a channel, a campaign and an ad. Spend of
   the channel is all of it, also what no order was credited for. Margin is the expected one, as young
   orders show no returns yet. #}

with

as_of as (
    select
        {{ shop_date('as_of_at') }} as as_of_date,
        cast(
            {{ dbt.dateadd('day', 1 - var('threshold_window_days'), shop_date('as_of_at')) }}
            as date
        ) as window_from_date
    from {{ ref('int_as_of') }}
),

paid_channels as (
    select channel
    from {{ ref('int_ad_spend_daily') }}
    group by channel
),

order_margins as (
    select
        order_id,
        cm2_expected_amount
    from {{ ref('fct_order_margin') }}
),

ad_days as (
    select
        ad_margins.channel,
        ad_margins.campaign_id,
        ad_margins.ad_id,
        ad_margins.impression_count,
        ad_margins.link_click_count,
        ad_margins.credited_order_count,
        ad_margins.spend_amount,
        ad_margins.credited_net_merchandise_sales_amount as sales_amount,
        0 as cm2_expected_amount,
        ad_margins.costed_sales_amount,
        ad_margins.covered_sales_amount,
        0 as unknown_order_count,
        ad_margins.margin_date
    from {{ ref('int_ad_margin_daily') }} as ad_margins
    union all
    select
        credits.channel,
        coalesce(credits.campaign_id, 'unknown') as campaign_id,
        coalesce(credits.ad_id, 'unknown') as ad_id,
        0 as impression_count,
        0 as link_click_count,
        0 as credited_order_count,
        0 as spend_amount,
        0 as sales_amount,
        credits.credit_ratio * coalesce(order_margins.cm2_expected_amount, 0)
            as cm2_expected_amount,
        0 as costed_sales_amount,
        0 as covered_sales_amount,
        case when order_margins.cm2_expected_amount is null then 1 else 0 end
            as unknown_order_count,
        credits.order_date as margin_date
    from {{ ref('int_marketing_credits') }} as credits
    left join order_margins
        on credits.order_id = order_margins.order_id
),

window_days as (
    select
        ad_days.*,
        as_of.window_from_date,
        as_of.as_of_date as window_to_date
    from ad_days
    inner join paid_channels
        on ad_days.channel = paid_channels.channel
    inner join as_of
        on ad_days.margin_date between as_of.window_from_date and as_of.as_of_date
),

levels as (
    select 'channel' as media_level
    union all
    select 'campaign' as media_level
    union all
    select 'ad' as media_level
),

leveled as (
    select
        levels.media_level,
        window_days.channel,
        case when levels.media_level <> 'channel' then window_days.campaign_id end as campaign_id,
        case when levels.media_level = 'ad' then window_days.ad_id end as ad_id,
        window_days.impression_count,
        window_days.link_click_count,
        window_days.credited_order_count,
        window_days.spend_amount,
        window_days.sales_amount,
        window_days.cm2_expected_amount,
        window_days.costed_sales_amount,
        window_days.covered_sales_amount,
        window_days.unknown_order_count,
        window_days.window_from_date,
        window_days.window_to_date
    from window_days
    cross join levels
),

final as (
    select
        media_level,
        channel,
        campaign_id,
        ad_id,
        cast(sum(impression_count) as {{ dbt.type_bigint() }}) as impression_count,
        cast(sum(link_click_count) as {{ dbt.type_bigint() }}) as link_click_count,
        cast(sum(credited_order_count) as decimal(18, 6)) as credited_order_count,
        cast(sum(unknown_order_count) as {{ dbt.type_bigint() }}) as unknown_order_count,
        cast(sum(spend_amount) as decimal(18, 4)) as spend_amount,
        cast(sum(sales_amount) as decimal(18, 4)) as sales_amount,
        {{ round_half_even('sum(cast(cm2_expected_amount as decimal(28, 10)))', 4) }}
            as cm2_expected_amount,
        {{ coverage_ratio('sum(covered_sales_amount)', 'sum(costed_sales_amount)') }}
            as cost_coverage_ratio,
        window_from_date,
        window_to_date
    from leveled
    where coalesce(campaign_id, '') <> 'unknown' and coalesce(ad_id, '') <> 'unknown'
    group by media_level, channel, campaign_id, ad_id, window_from_date, window_to_date
)

select * from final
