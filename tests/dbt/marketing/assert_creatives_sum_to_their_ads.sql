-- Spend and CM3 of creatives are those of the ads that were shown, to the cent.
with

creatives as (
    select
        sum(spend_amount) as spend_amount,
        sum(cm3_amount) as cm3_amount
    from {{ ref('dim_creatives') }}
),

shown_ads as (
    select
        channel,
        ad_id
    from {{ ref('fct_creative_ads') }}
),

ads as (
    select
        sum(margins.spend_amount) as spend_amount,
        sum(margins.cm3_amount) as cm3_amount
    from {{ ref('fct_ad_margin_daily') }} as margins
    inner join shown_ads
        on margins.channel = shown_ads.channel
        and margins.ad_id = shown_ads.ad_id
)

select
    creatives.spend_amount,
    ads.spend_amount as ads_spend_amount
from creatives
cross join ads
where
    creatives.spend_amount <> ads.spend_amount
    or creatives.cm3_amount <> ads.cm3_amount
