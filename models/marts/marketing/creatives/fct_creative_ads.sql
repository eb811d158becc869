{# What each ad's name says, whether its launch was a new idea, and what its name should be. #}

with

ads as (
    select * from {{ ref('int_creative_ads') }}
),

launches as (
    select
        channel,
        ad_id,
        max(case when media_scope = 'all' then launch_level end) as launch_level,
        max(case when media_scope <> 'all' then launch_level end) as channel_launch_level
    from {{ ref('int_creative_launches') }}
    group by channel, ad_id
),

final as (
    select
        ads.channel,
        ads.ad_id,
        ads.creative_key,
        ads.ad_name,
        ads.concept,
        ads.form,
        ads.angle,
        ads.hook,
        ads.maker,
        ads.product,
        ads.offer,
        ads.version,
        coalesce(launches.launch_level, 'not launched') as launch_level,
        coalesce(launches.channel_launch_level, 'not launched') as channel_launch_level,
        ads.wrong_field,
        ads.suggested_name,
        ads.impression_count,
        ads.spend_amount,
        ads.is_parsed,
        ads.is_asset_known,
        ads.first_shown_date,
        ads.last_shown_date
    from ads
    left join launches
        on ads.channel = launches.channel
        and ads.ad_id = launches.ad_id
)

select * from final
