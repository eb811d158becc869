{# One creative may be many ads. Its words are those of its oldest ad with a readable name; its
   margin is the sum of its ads', orders that they were credited for included. #}

with

ads as (
    select * from {{ ref('int_creative_ads') }}
),

margins as (
    select
        channel,
        ad_id,
        sum(credited_order_count) as credited_order_count,
        sum(spend_amount) as spend_amount,
        sum(credited_net_merchandise_sales_amount) as credited_net_merchandise_sales_amount,
        sum(credited_cm2_amount) as credited_cm2_amount,
        sum(cm3_amount) as cm3_amount
    from {{ ref('fct_ad_margin_daily') }}
    where ad_id <> 'unknown'
    group by channel, ad_id
),

launches as (
    select
        creative_key,
        min(case when asset_launch_rank = 1 then launch_level end) as launch_level
    from (
        select
            creative_key,
            launch_level,
            row_number() over (
                partition by creative_key order by first_shown_date, channel, ad_id
            ) as asset_launch_rank
        from {{ ref('int_creative_launches') }}
        where media_scope = 'all'
    ) as ranked_launches
    group by creative_key
),

words as (
    select
        *,
        row_number() over (
            partition by creative_key
            order by case when is_parsed then 0 else 1 end, first_shown_date, channel, ad_id
        ) as name_rank
    from ads
),

creatives as (
    select
        ads.creative_key,
        count(*) as ad_count,
        sum(ads.impression_count) as impression_count,
        sum(coalesce(margins.credited_order_count, 0)) as credited_order_count,
        sum(coalesce(margins.spend_amount, 0)) as spend_amount,
        sum(coalesce(margins.credited_net_merchandise_sales_amount, 0))
            as credited_net_merchandise_sales_amount,
        sum(coalesce(margins.credited_cm2_amount, 0)) as credited_cm2_amount,
        sum(coalesce(margins.cm3_amount, 0)) as cm3_amount,
        min(ads.first_shown_date) as first_shown_date,
        max(ads.last_shown_date) as last_shown_date
    from ads
    left join margins
        on ads.channel = margins.channel
        and ads.ad_id = margins.ad_id
    group by ads.creative_key
),

final as (
    select
        creatives.creative_key,
        words.ad_name,
        words.concept,
        words.form,
        words.angle,
        words.hook,
        words.maker,
        words.product,
        words.offer,
        coalesce(launches.launch_level, 'not launched') as launch_level,
        cast(creatives.ad_count as {{ dbt.type_bigint() }}) as ad_count,
        cast(creatives.impression_count as {{ dbt.type_bigint() }}) as impression_count,
        cast(creatives.credited_order_count as decimal(18, 6)) as credited_order_count,
        cast(creatives.spend_amount as decimal(18, 4)) as spend_amount,
        cast(creatives.credited_net_merchandise_sales_amount as decimal(18, 4))
            as credited_net_merchandise_sales_amount,
        cast(creatives.credited_cm2_amount as decimal(18, 4)) as credited_cm2_amount,
        cast(creatives.cm3_amount as decimal(18, 4)) as cm3_amount,
        words.is_parsed,
        creatives.first_shown_date,
        creatives.last_shown_date
    from creatives
    inner join words
        on creatives.creative_key = words.creative_key
        and words.name_rank = 1
    left join launches
        on creatives.creative_key = launches.creative_key
)

select * from final
