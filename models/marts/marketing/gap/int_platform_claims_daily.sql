{{ config(access='private') }}

{# What each platform claims that an ad brought, by attribution setting. One platform reports a
   purchase under several action types: the seed names the one that counts. A claim in a currency
   without a rate leaves claimed_sales_amount null: a test stops the build. #}

with

attribution_settings as (
    select * from {{ ref('attribution_settings') }}
),

ad_spend as (
    select * from {{ ref('int_ad_spend_daily') }}
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates_daily') }}
),

currencies as (
    select * from {{ ref('currencies') }}
    where currency = '{{ var("reporting_currency") }}'
),

social_settings as (
    select attribution_setting
    from attribution_settings
    where channel = 'meta_ads'
    group by attribution_setting
),

claims as (
    select
        'meta_ads' as channel,
        social_settings.attribution_setting,
        social_counts.action_type,
        cast(social_counts.meta_ad_id as {{ dbt.type_string() }}) as ad_id,
        case social_settings.attribution_setting
            when '7d_click_1d_view' then social_counts.claimed_conversion_count
            when '7d_click' then social_counts.claimed_conversion_7d_click_count
        end as claimed_order_count,
        0 as claimed_sales_amount,
        social_counts.report_date,
        social_counts.synced_at
    from {{ ref('stg_facebook_ads__ad_day_actions') }} as social_counts
    cross join social_settings
    union all
    select
        'meta_ads' as channel,
        social_settings.attribution_setting,
        social_values.action_type,
        cast(social_values.meta_ad_id as {{ dbt.type_string() }}) as ad_id,
        0 as claimed_order_count,
        case social_settings.attribution_setting
            when '7d_click_1d_view' then social_values.claimed_value_amount
            when '7d_click' then social_values.claimed_value_7d_click_amount
        end as claimed_sales_amount,
        social_values.report_date,
        social_values.synced_at
    from {{ ref('stg_facebook_ads__ad_day_action_values') }} as social_values
    cross join social_settings
    union all
    select
        'google_ads' as channel,
        'account_default' as attribution_setting,
        cast(null as {{ dbt.type_string() }}) as action_type,
        cast(google_ad_id as {{ dbt.type_string() }}) as ad_id,
        claimed_conversion_count as claimed_order_count,
        claimed_value_amount as claimed_sales_amount,
        report_date,
        synced_at
    from {{ ref('stg_google_ads__ad_days') }}
    union all
    select
        'tiktok_ads' as channel,
        'account_default' as attribution_setting,
        cast(null as {{ dbt.type_string() }}) as action_type,
        cast(tiktok_ad_id as {{ dbt.type_string() }}) as ad_id,
        claimed_conversion_count as claimed_order_count,
        claimed_value_amount as claimed_sales_amount,
        cast(reported_at as date) as report_date,
        synced_at
    from {{ ref('stg_tiktok_ads__ad_hours') }}
),

counted as (
    select
        claims.channel,
        claims.attribution_setting,
        attribution_settings.action_report_time,
        attribution_settings.is_reported,
        claims.ad_id,
        cast(sum(coalesce(claims.claimed_order_count, 0)) as decimal(18, 6))
            as claimed_order_count,
        cast(sum(coalesce(claims.claimed_sales_amount, 0)) as decimal(18, 4))
            as claimed_sales_account_amount,
        claims.report_date,
        max(claims.synced_at) as pulled_at
    from claims
    inner join attribution_settings
        on claims.channel = attribution_settings.channel
        and claims.attribution_setting = attribution_settings.attribution_setting
        and coalesce(claims.action_type, '') = coalesce(attribution_settings.claim_action_type, '')
        and {{ holds_on('attribution_settings', 'claims.report_date') }}
    group by
        claims.channel,
        claims.attribution_setting,
        attribution_settings.action_report_time,
        attribution_settings.is_reported,
        claims.ad_id,
        claims.report_date
),

ads as (
    select
        channel,
        ad_id,
        min(campaign_id) as campaign_id,
        min(currency) as currency
    from ad_spend
    group by channel, ad_id
),

{# A claim for an ad that was never billed is in its channel's currency, if that has one. #}
channel_currencies as (
    select
        channel,
        case when min(currency) = max(currency) then min(currency) end as currency
    from ad_spend
    group by channel
),

placed as (
    select
        counted.*,
        ads.campaign_id,
        coalesce(ads.currency, channel_currencies.currency) as currency
    from counted
    left join ads
        on counted.channel = ads.channel
        and counted.ad_id = ads.ad_id
    left join channel_currencies
        on counted.channel = channel_currencies.channel
),

rated as (
    select
        placed.*,
        currencies.minor_unit_digits,
        {{ rate_to_reporting('placed.currency', 'exchange_rates.exchange_rate') }} as exchange_rate
    from placed
    cross join currencies
    left join exchange_rates
        on placed.currency = exchange_rates.currency
        and placed.report_date = exchange_rates.rate_date
),

final as (
    select
        channel,
        coalesce(campaign_id, 'unknown') as campaign_id,
        ad_id,
        attribution_setting,
        action_report_time,
        claimed_order_count,
        {{ convert_amount('claimed_sales_account_amount', 'exchange_rate', 'minor_unit_digits') }}
            as claimed_sales_amount,
        is_reported,
        report_date,
        pulled_at
    from rated
    where claimed_order_count <> 0 or claimed_sales_account_amount <> 0
)

select * from final
