with

ads as (
    select * from {{ ref('int_ads') }}
),

paid_channels as (
    select channel
    from {{ ref('int_ad_spend_daily') }}
    group by channel
),

ad_names as (
    select
        channel,
        ad_id,
        min(ad_name) as ad_name
    from ads
    group by channel, ad_id
),

ad_days as (
    select
        ad_margins.channel,
        ad_margins.campaign_id,
        ad_margins.ad_id,
        {{ ad_margin_columns() }},
        ad_margins.margin_date
    from {{ ref('int_ad_margin_daily') }} as ad_margins
    inner join paid_channels
        on ad_margins.channel = paid_channels.channel
    group by
        ad_margins.channel, ad_margins.campaign_id, ad_margins.ad_id, ad_margins.margin_date
),

final as (
    select
        ad_days.channel,
        ad_days.campaign_id,
        ad_days.ad_id,
        ad_names.ad_name,
        ad_days.attribution_model,
        ad_days.impression_count,
        ad_days.link_click_count,
        ad_days.credited_order_count,
        ad_days.spend_amount,
        ad_days.allocated_spend_amount,
        ad_days.unallocated_spend_amount,
        ad_days.credited_net_merchandise_sales_amount,
        ad_days.credited_cm2_amount,
        ad_days.cm3_amount,
        ad_days.credited_cm2_event_amount,
        ad_days.cm3_event_amount,
        ad_days.cost_coverage_ratio,
        ad_days.margin_date
    from ad_days
    left join ad_names
        on ad_days.channel = ad_names.channel
        and ad_days.ad_id = ad_names.ad_id
)

select * from final
