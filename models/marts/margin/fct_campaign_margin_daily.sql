with

ads as (
    select * from {{ ref('int_ads') }}
),

paid_channels as (
    select channel
    from {{ ref('int_ad_spend_daily') }}
    group by channel
),

campaigns as (
    select
        channel,
        campaign_id,
        min(campaign_name) as campaign_name
    from ads
    where campaign_id is not null
    group by channel, campaign_id
),

campaign_margins as (
    select
        ad_margins.channel,
        ad_margins.campaign_id,
        {{ ad_margin_columns() }},
        ad_margins.margin_date
    from {{ ref('int_ad_margin_daily') }} as ad_margins
    inner join paid_channels
        on ad_margins.channel = paid_channels.channel
    group by ad_margins.channel, ad_margins.campaign_id, ad_margins.margin_date
),

final as (
    select
        campaign_margins.channel,
        campaign_margins.campaign_id,
        campaigns.campaign_name,
        campaign_margins.attribution_model,
        campaign_margins.impression_count,
        campaign_margins.link_click_count,
        campaign_margins.credited_order_count,
        campaign_margins.spend_amount,
        campaign_margins.allocated_spend_amount,
        campaign_margins.unallocated_spend_amount,
        campaign_margins.credited_net_merchandise_sales_amount,
        campaign_margins.credited_cm2_amount,
        campaign_margins.cm3_amount,
        campaign_margins.credited_cm2_event_amount,
        campaign_margins.cm3_event_amount,
        campaign_margins.cost_coverage_ratio,
        campaign_margins.margin_date
    from campaign_margins
    left join campaigns
        on campaign_margins.channel = campaigns.channel
        and campaign_margins.campaign_id = campaigns.campaign_id
)

select * from final
