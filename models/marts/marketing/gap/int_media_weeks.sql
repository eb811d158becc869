{{ config(access='private') }}

{# Spend and what our own credits say of it, by ISO week, channel and campaign. The spread of sales
   is that of orders drawn again: the sum of squares of what each brought. #}

with

campaign_days as (
    select * from {{ ref('fct_campaign_margin_daily') }}
),

claims as (
    select
        channel,
        campaign_id,
        report_date
    from {{ ref('int_platform_claims_daily') }}
    group by channel, campaign_id, report_date
),

paid_channels as (
    select channel
    from campaign_days
    group by channel
),

order_credits as (
    select * from {{ ref('fct_order_credits') }}
    where attribution_model = '{{ var("margin_attribution_model") }}' and credit_ratio > 0
),

order_margins as (
    select
        order_id,
        net_merchandise_sales_amount
    from {{ ref('fct_order_margin') }}
    where order_scope = 'dtc'
),

ads as (
    select
        channel,
        ad_id,
        min(campaign_id) as campaign_id
    from {{ ref('int_ads') }}
    group by channel, ad_id
),

names as (
    select
        channel,
        campaign_id,
        min(campaign_name) as campaign_name
    from campaign_days
    group by channel, campaign_id
),

credited as (
    select
        order_credits.order_id,
        order_credits.channel,
        coalesce(order_credits.campaign_id, ads.campaign_id, 'unknown') as campaign_id,
        sum(order_credits.credit_ratio) as credit_ratio,
        order_credits.order_date
    from order_credits
    left join ads
        on order_credits.channel = ads.channel
        and order_credits.ad_id = ads.ad_id
    group by
        order_credits.order_id,
        order_credits.channel,
        coalesce(order_credits.campaign_id, ads.campaign_id, 'unknown'),
        order_credits.order_date
),

credited_sales as (
    select
        credited.channel,
        credited.campaign_id,
        cast(
            credited.credit_ratio * order_margins.net_merchandise_sales_amount as decimal(18, 4)
        ) as sales_amount,
        {{ week_start('credited.order_date') }} as week_date
    from credited
    inner join order_margins
        on credited.order_id = order_margins.order_id
),

squares as (
    select
        channel,
        campaign_id,
        week_date,
        sum(sales_amount * sales_amount) as credited_sales_square
    from credited_sales
    group by channel, campaign_id, week_date
),

entries as (
    select
        channel,
        campaign_id,
        spend_amount,
        credited_order_count,
        credited_net_merchandise_sales_amount,
        0 as credited_sales_square,
        {{ week_start('margin_date') }} as week_date
    from campaign_days
    union all
    select
        squares.channel,
        squares.campaign_id,
        0 as spend_amount,
        0 as credited_order_count,
        0 as credited_net_merchandise_sales_amount,
        squares.credited_sales_square,
        squares.week_date
    from squares
    inner join paid_channels
        on squares.channel = paid_channels.channel
    {# A claim for a week without spend and credit has to be seen as well. #}
    union all
    select
        channel,
        campaign_id,
        0 as spend_amount,
        0 as credited_order_count,
        0 as credited_net_merchandise_sales_amount,
        0 as credited_sales_square,
        {{ week_start('report_date') }} as week_date
    from claims
),

levels as (
    select 'channel' as media_level
    union all
    select 'campaign' as media_level
),

leveled as (
    select
        levels.media_level,
        entries.channel,
        case when levels.media_level = 'campaign' then entries.campaign_id end as campaign_id,
        entries.spend_amount,
        entries.credited_order_count,
        entries.credited_net_merchandise_sales_amount,
        entries.credited_sales_square,
        entries.week_date
    from entries
    cross join levels
),

weeks as (
    select
        media_level,
        channel,
        campaign_id,
        cast(sum(credited_order_count) as decimal(18, 6)) as credited_order_count,
        cast(sum(spend_amount) as decimal(18, 4)) as spend_amount,
        cast(sum(credited_net_merchandise_sales_amount) as decimal(18, 4))
            as credited_net_merchandise_sales_amount,
        sqrt(cast(sum(credited_sales_square) as {{ type_double() }})) as credited_sales_error,
        week_date
    from leveled
    group by media_level, channel, campaign_id, week_date
),

final as (
    select
        weeks.media_level,
        weeks.channel,
        weeks.campaign_id,
        names.campaign_name,
        weeks.credited_order_count,
        weeks.spend_amount,
        weeks.credited_net_merchandise_sales_amount,
        cast(weeks.credited_sales_error as decimal(18, 4)) as credited_sales_error_amount,
        weeks.week_date
    from weeks
    left join names
        on weeks.channel = names.channel
        and weeks.campaign_id = names.campaign_id
)

select * from final
