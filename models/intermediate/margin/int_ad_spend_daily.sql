{# What each ad cost on each day of its account's own calendar, as the platform bills it. An ad
   whose description never landed keeps its spend, without ad set and campaign. An account without
   a currency, or a currency without a rate, leaves spend_amount null: a test stops the build. #}

with

social_accounts as (
    select * from {{ ref('stg_facebook_ads__accounts') }}
),

search_accounts as (
    select * from {{ ref('stg_google_ads__accounts') }}
),

video_accounts as (
    select * from {{ ref('stg_tiktok_ads__advertisers') }}
),

social_ads as (
    select * from {{ ref('stg_facebook_ads__ads') }}
),

video_ads as (
    select * from {{ ref('stg_tiktok_ads__ads') }}
),

currencies as (
    select * from {{ ref('currencies') }}
    where currency = '{{ var("reporting_currency") }}'
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates_daily') }}
),

reports as (
    select
        'meta_ads' as channel,
        social_days.meta_ad_id as ad_id,
        social_ads.meta_ad_set_id as ad_set_id,
        social_ads.meta_campaign_id as campaign_id,
        social_accounts.currency,
        social_days.impression_count,
        social_days.link_click_count,
        social_days.spend_amount,
        social_days.report_date as spend_date
    from {{ ref('stg_facebook_ads__ad_days') }} as social_days
    left join social_ads
        on social_days.source_relation = social_ads.source_relation
        and social_days.meta_ad_id = social_ads.meta_ad_id
    left join social_accounts
        on social_days.source_relation = social_accounts.source_relation
        and social_days.meta_account_id = social_accounts.meta_account_id
    union all
    select
        'google_ads' as channel,
        search_days.google_ad_id as ad_id,
        search_days.google_ad_group_id as ad_set_id,
        search_days.google_campaign_id as campaign_id,
        search_accounts.currency,
        search_days.impression_count,
        search_days.link_click_count,
        search_days.spend_amount,
        search_days.report_date as spend_date
    from {{ ref('stg_google_ads__ad_days') }} as search_days
    left join search_accounts
        on search_days.source_relation = search_accounts.source_relation
        and search_days.google_account_id = search_accounts.google_account_id
    union all
    select
        'tiktok_ads' as channel,
        video_hours.tiktok_ad_id as ad_id,
        video_ads.tiktok_ad_group_id as ad_set_id,
        video_ads.tiktok_campaign_id as campaign_id,
        video_accounts.currency,
        video_hours.impression_count,
        video_hours.link_click_count,
        video_hours.spend_amount,
        cast(video_hours.reported_at as date) as spend_date
    from {{ ref('stg_tiktok_ads__ad_hours') }} as video_hours
    left join video_ads
        on video_hours.source_relation = video_ads.source_relation
        and video_hours.tiktok_ad_id = video_ads.tiktok_ad_id
    left join video_accounts
        on video_ads.source_relation = video_accounts.source_relation
        and video_ads.tiktok_advertiser_id = video_accounts.tiktok_advertiser_id
),

ad_days as (
    select
        channel,
        campaign_id,
        ad_set_id,
        ad_id,
        currency,
        sum(impression_count) as impression_count,
        sum(link_click_count) as link_click_count,
        sum(spend_amount) as spend_amount,
        spend_date
    from reports
    group by channel, campaign_id, ad_set_id, ad_id, currency, spend_date
),

rated_days as (
    select
        ad_days.*,
        currencies.minor_unit_digits,
        {{ rate_to_reporting('ad_days.currency', 'exchange_rates.exchange_rate') }} as exchange_rate
    from ad_days
    cross join currencies
    left join exchange_rates
        on ad_days.currency = exchange_rates.currency
        and ad_days.spend_date = exchange_rates.rate_date
),

final as (
    select
        {{ concat_text(
            ['channel', 'campaign_id', 'ad_set_id', 'ad_id', 'currency', 'spend_date'], ':'
        ) }} as ad_day_id,
        channel,
        cast(campaign_id as {{ dbt.type_string() }}) as campaign_id,
        cast(ad_set_id as {{ dbt.type_string() }}) as ad_set_id,
        cast(ad_id as {{ dbt.type_string() }}) as ad_id,
        currency,
        minor_unit_digits,
        cast(impression_count as {{ dbt.type_bigint() }}) as impression_count,
        cast(link_click_count as {{ dbt.type_bigint() }}) as link_click_count,
        cast(spend_amount as decimal(18, 4)) as spend_account_amount,
        {{ convert_amount('spend_amount', 'exchange_rate', 'minor_unit_digits') }} as spend_amount,
        spend_date
    from rated_days
)

select * from final
