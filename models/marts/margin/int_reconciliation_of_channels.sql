{{ config(access='private') }}

{# Channels with all their spend: ads sum to campaigns, campaigns to channels, and the CM2 credited
   to channels is the orders' own and that of refunds without one, by order and by event date. #}

with

fct_ad_margin_daily as (
    select * from {{ ref('fct_ad_margin_daily') }}
),

fct_campaign_margin_daily as (
    select * from {{ ref('fct_campaign_margin_daily') }}
),

fct_channel_margin_daily as (
    select * from {{ ref('fct_channel_margin_daily') }}
),

fct_order_margin as (
    select * from {{ ref('fct_order_margin') }}
),

paid_channels as (
    select channel
    from {{ ref('int_ad_spend_daily') }}
    group by channel
),

paid_margins as (
    select fct_channel_margin_daily.*
    from fct_channel_margin_daily
    inner join paid_channels
        on fct_channel_margin_daily.channel = paid_channels.channel
),

direct_events as (
    select
        cost_lines.amount,
        cost_lines.event_date
    from {{ ref('int_cost_lines') }} as cost_lines
    inner join fct_order_margin
        on cost_lines.order_id = fct_order_margin.order_id
    where fct_order_margin.order_scope = 'dtc'
),

unmatched_refunds as (
    select * from {{ ref('int_unmatched_refunds') }}
),

sides as (
    select
        'ads_to_campaigns' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'left' as side,
        cm3_amount as amount,
        margin_date as reconciled_date
    from fct_ad_margin_daily
    union all
    select
        'ads_to_campaigns' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'right' as side,
        cm3_amount as amount,
        margin_date as reconciled_date
    from fct_campaign_margin_daily
    union all
    select
        'campaigns_to_channels' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'left' as side,
        cm3_amount as amount,
        margin_date as reconciled_date
    from fct_campaign_margin_daily
    union all
    select
        'campaigns_to_channels' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'right' as side,
        cm3_amount as amount,
        margin_date as reconciled_date
    from paid_margins
    union all
    select
        'channels_to_orders' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'left' as side,
        credited_cm2_amount as amount,
        margin_date as reconciled_date
    from fct_channel_margin_daily
    union all
    select
        'channels_to_orders' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'right' as side,
        cm2_amount as amount,
        order_date as reconciled_date
    from fct_order_margin
    where order_scope = 'dtc'
    union all
    select
        'channels_to_orders' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'right' as side,
        cm2_amount as amount,
        refund_date as reconciled_date
    from unmatched_refunds
    union all
    select
        'channels_to_events' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'left' as side,
        credited_cm2_event_amount as amount,
        margin_date as reconciled_date
    from fct_channel_margin_daily
    union all
    select
        'channels_to_events' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'right' as side,
        amount,
        event_date as reconciled_date
    from direct_events
    union all
    select
        'channels_to_events' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'right' as side,
        cm2_amount as amount,
        refund_date as reconciled_date
    from unmatched_refunds
),

final as (
    select
        check_name,
        currency,
        side,
        cast(sum(amount) as decimal(28, 4)) as amount,
        reconciled_date
    from sides
    group by check_name, currency, side, reconciled_date
)

select * from final
