{{ config(access='private') }}

{# What each ad spent and brought in all its life, in targets: the spend of one target is what one
   order may cost in the ad's channel. Fractions of an order, from models that split them, are
   rounded: a count is what came or did not. #}

with

targets as (
    select
        channel,
        attribution_model,
        maximum_cost_per_order_amount as target_cost_per_order_amount,
        case when decision = 'INSUFFICIENT_DATA' then decision_reason end as lack
    from {{ ref('fct_channel_thresholds') }}
    where media_level = 'channel'
),

ad_totals as (
    select
        channel,
        ad_id,
        max(ad_name) as ad_name,
        sum(credited_order_count) as credited_order_count,
        sum(spend_amount) as spend_amount,
        sum(cm3_amount) as cm3_amount
    from {{ ref('fct_ad_margin_daily') }}
    where ad_id <> 'unknown'
    group by channel, ad_id
),

final as (
    select
        ad_totals.channel,
        ad_totals.ad_id,
        ad_totals.ad_name,
        targets.attribution_model,
        case
            when targets.channel is null then 'the channel has no threshold'
            when targets.lack is not null then 'of the channel: ' || targets.lack
            when coalesce(targets.target_cost_per_order_amount, 0) <= 0
                then 'an order of the channel leaves nothing for media'
            when ad_totals.spend_amount <= 0 then 'nothing was spent'
        end as lack,
        cast(
            {{ round_half_even('ad_totals.credited_order_count', 0) }} as {{ dbt.type_bigint() }}
        ) as order_count,
        cast(ad_totals.spend_amount as decimal(18, 4)) as spend_amount,
        cast(ad_totals.cm3_amount as decimal(18, 4)) as cm3_amount,
        targets.target_cost_per_order_amount
    from ad_totals
    left join targets
        on ad_totals.channel = targets.channel
)

select * from final
