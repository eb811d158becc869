{# The ads of every platform under one set of words. An ad that was shown before its description
   was landed is absent; its spend counts all the same, without ad set and campaign. #}

with

social_ads as (
    select * from {{ ref('stg_facebook_ads__ads') }}
),

social_campaigns as (
    select * from {{ ref('stg_facebook_ads__campaigns') }}
),

search_ads as (
    select * from {{ ref('stg_google_ads__ads') }}
),

search_ad_groups as (
    select * from {{ ref('stg_google_ads__ad_groups') }}
),

search_campaigns as (
    select * from {{ ref('stg_google_ads__campaigns') }}
),

video_ads as (
    select * from {{ ref('stg_tiktok_ads__ads') }}
),

video_campaigns as (
    select * from {{ ref('stg_tiktok_ads__campaigns') }}
),

ads as (
    select
        'meta_ads' as channel,
        social_ads.meta_ad_id as ad_id,
        social_ads.meta_ad_set_id as ad_set_id,
        social_ads.meta_campaign_id as campaign_id,
        social_ads.ad_name,
        social_campaigns.campaign_name
    from social_ads
    left join social_campaigns
        on social_ads.source_relation = social_campaigns.source_relation
        and social_ads.meta_campaign_id = social_campaigns.meta_campaign_id
    union all
    select
        'google_ads' as channel,
        search_ads.google_ad_id as ad_id,
        search_ads.google_ad_group_id as ad_set_id,
        search_ad_groups.google_campaign_id as campaign_id,
        search_ads.ad_name,
        search_campaigns.campaign_name
    from search_ads
    left join search_ad_groups
        on search_ads.source_relation = search_ad_groups.source_relation
        and search_ads.google_ad_group_id = search_ad_groups.google_ad_group_id
    left join search_campaigns
        on search_ad_groups.source_relation = search_campaigns.source_relation
        and search_ad_groups.google_campaign_id = search_campaigns.google_campaign_id
    union all
    select
        'tiktok_ads' as channel,
        video_ads.tiktok_ad_id as ad_id,
        video_ads.tiktok_ad_group_id as ad_set_id,
        video_ads.tiktok_campaign_id as campaign_id,
        video_ads.ad_name,
        video_campaigns.campaign_name
    from video_ads
    left join video_campaigns
        on video_ads.source_relation = video_campaigns.source_relation
        and video_ads.tiktok_campaign_id = video_campaigns.tiktok_campaign_id
),

texts as (
    select
        channel,
        cast(ad_id as {{ dbt.type_string() }}) as ad_id,
        cast(ad_set_id as {{ dbt.type_string() }}) as ad_set_id,
        cast(campaign_id as {{ dbt.type_string() }}) as campaign_id,
        ad_name,
        campaign_name
    from ads
),

final as (
    select
        channel,
        ad_id,
        ad_set_id,
        min(campaign_id) as campaign_id,
        min(ad_name) as ad_name,
        min(campaign_name) as campaign_name
    from texts
    group by channel, ad_id, ad_set_id
)

select * from final
