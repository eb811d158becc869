{{ config(group='marketing') }}

{# Weeks hold every dollar spent, every credit and every claim of the days below them. #}
with

weeks as (
    select
        channel,
        sum(case when is_reported_setting then spend_amount end) as spend_amount,
        sum(case when is_reported_setting then credited_net_merchandise_sales_amount end)
            as credited_net_merchandise_sales_amount,
        sum(claimed_sales_amount) as claimed_sales_amount,
        sum(claimed_order_count) as claimed_order_count
    from {{ ref('fct_roas_gap_weekly') }}
    where media_level = 'campaign'
    group by channel
),

days as (
    select
        channel,
        sum(spend_amount) as spend_amount,
        sum(credited_net_merchandise_sales_amount) as credited_net_merchandise_sales_amount
    from {{ ref('fct_campaign_margin_daily') }}
    group by channel
),

claims as (
    select
        channel,
        sum(claimed_sales_amount) as claimed_sales_amount,
        sum(claimed_order_count) as claimed_order_count
    from {{ ref('int_platform_claims_daily') }}
    group by channel
)

select
    days.channel,
    days.spend_amount,
    weeks.spend_amount as weeks_spend_amount,
    claims.claimed_sales_amount,
    weeks.claimed_sales_amount as weeks_claimed_sales_amount
from days
left join weeks
    on days.channel = weeks.channel
left join claims
    on days.channel = claims.channel
where
    weeks.channel is null
    or weeks.spend_amount <> days.spend_amount
    or weeks.credited_net_merchandise_sales_amount <> days.credited_net_merchandise_sales_amount
    or weeks.claimed_sales_amount <> coalesce(claims.claimed_sales_amount, 0)
    or weeks.claimed_order_count <> coalesce(claims.claimed_order_count, 0)
