{{ config(access='private') }}

{# Each launched ad within its channel, and once more within the brand, where the same asset on
   another platform is nothing new. What was shown earlier decides; on one day, the lower channel
   and ad. A concept that nobody saw for the quiet days counts as new again, an asset never does. #}

with

ads as (
    select * from {{ ref('int_creative_ads') }}
    where is_launched
),

shown_days as (
    select
        channel,
        ad_id,
        spend_date as shown_date
    from {{ ref('int_ad_spend_daily') }}
    where impression_count > 0
    group by channel, ad_id, spend_date
),

scoped_ads as (
    select
        channel as media_scope,
        *
    from ads
    union all
    select
        'all' as media_scope,
        *
    from ads
),

ordered_ads as (
    select
        *,
        row_number() over (
            partition by media_scope, creative_key order by first_shown_date, channel, ad_id
        ) as asset_rank,
        row_number() over (
            partition by media_scope, concept, hook, angle, maker
            order by first_shown_date, channel, ad_id
        ) as idea_rank,
        row_number() over (
            partition by media_scope, concept order by first_shown_date, channel, ad_id
        ) as concept_rank,
        lag(first_shown_date) over (
            partition by media_scope, concept order by first_shown_date, channel, ad_id
        ) as sibling_date
    from scoped_ads
),

concept_days as (
    select
        ordered_ads.media_scope,
        ordered_ads.concept,
        shown_days.shown_date
    from ordered_ads
    inner join shown_days
        on ordered_ads.channel = shown_days.channel
        and ordered_ads.ad_id = shown_days.ad_id
    where ordered_ads.is_parsed
    group by ordered_ads.media_scope, ordered_ads.concept, shown_days.shown_date
),

last_days as (
    select
        ordered_ads.media_scope,
        ordered_ads.channel,
        ordered_ads.ad_id,
        max(concept_days.shown_date) as concept_last_shown_date
    from ordered_ads
    inner join concept_days
        on ordered_ads.media_scope = concept_days.media_scope
        and ordered_ads.concept = concept_days.concept
        and concept_days.shown_date < ordered_ads.first_shown_date
    group by ordered_ads.media_scope, ordered_ads.channel, ordered_ads.ad_id
),

quiet_days as (
    select
        ordered_ads.*,
        {{ dbt.datediff(
            'last_days.concept_last_shown_date', 'ordered_ads.first_shown_date', 'day'
        ) }} as quiet_day_count
    from ordered_ads
    left join last_days
        on ordered_ads.media_scope = last_days.media_scope
        and ordered_ads.channel = last_days.channel
        and ordered_ads.ad_id = last_days.ad_id
),

final as (
    select
        media_scope,
        channel,
        ad_id,
        creative_key,
        concept,
        case
            when asset_rank > 1 then 'relaunch'
            when not is_parsed then 'unknown'
            when concept_rank = 1 then 'concept'
            when
                quiet_day_count > {{ var('creative_quiet_days') }}
                and sibling_date < first_shown_date
                then 'concept'
            when idea_rank = 1 then 'variation'
            else 'iteration'
        end as launch_level,
        spend_amount,
        first_shown_date,
        last_shown_date
    from quiet_days
)

select * from final
