{# Against its account in the same days, so that a season is not taken for wear. Shown or clicked
   too seldom, nothing is said. Without an order an ad is too dear once it spent what one may cost.
   *Often* needs a report of reach over seven days: days cannot be added up to it. #}

with

windows as (
    select * from {{ ref('int_creative_windows') }}
),

reaches as (
    select
        channel,
        ad_id,
        window_to_date,
        max(reach_count) as reach_count,
        max(platform_label) as platform_label
    from {{ ref('stg_creatives__ad_reaches') }}
    group by channel, ad_id, window_to_date
),

targets as (
    select
        channel,
        maximum_cost_per_order_amount as target_cost_per_order_amount
    from {{ ref('fct_channel_thresholds') }}
    where media_level = 'channel' and decision <> 'INSUFFICIENT_DATA'
),

ratios as (
    select
        windows.*,
        reaches.reach_count,
        reaches.platform_label,
        targets.target_cost_per_order_amount,
        case
            when
                windows.impression_count >= {{ var('creative_fatigue_impressions_minimum') }}
                and windows.base_impression_count
                >= {{ var('creative_fatigue_impressions_minimum') }}
                and windows.base_link_click_count > 0
                and windows.account_base_link_click_count > 0
                and windows.account_link_click_count > 0
                then cast(
                    {{ click_ratio('windows.', '') }}
                    / {{ click_ratio('windows.', 'base_') }}
                    / (
                        {{ click_ratio('windows.account_', '') }}
                        / {{ click_ratio('windows.account_', 'base_') }}
                    ) as decimal(18, 6)
                )
        end as relative_click_ratio
    from windows
    left join reaches
        on windows.channel = reaches.channel
        and windows.ad_id = reaches.ad_id
        and windows.window_to_date = reaches.window_to_date
    left join targets
        on windows.channel = targets.channel
),

signs as (
    select
        *,
        case
            when reach_count > 0
                then {{ ratio_half_even('impression_count', 'reach_count') }}
        end as frequency,
        coalesce(
            relative_click_ratio <= {{ var('creative_fatigue_click_maximum_ratio') }}, false
        ) as is_clicked_less,
        case
            when reach_count > 0
                then impression_count >= reach_count * {{ var('creative_fatigue_frequency') }}
        end as is_seen_often,
        spend_amount > target_cost_per_order_amount * greatest(credited_order_count, 1)
            as is_too_dear
    from ratios
),

counted as (
    select
        *,
        case when is_clicked_less then 1 else 0 end
        + case when is_seen_often then 1 else 0 end
        + case when is_too_dear then 1 else 0 end as sign_count
    from signs
),

final as (
    select
        channel,
        ad_id,
        case
            when relative_click_ratio is null then 'INSUFFICIENT_DATA'
            when sign_count = 3 then 'FATIGUED'
            when sign_count = 2 then 'WATCH'
            else 'FRESH'
        end as fatigue_state,
        case
            when relative_click_ratio is null
                then 'shown or clicked too seldom'
            when sign_count = 3 then 'clicked less, seen often and too dear'
            when is_seen_often is null then 'frequency is not known'
            when is_too_dear is null then 'what an order may cost is not known'
            else cast(sign_count as {{ dbt.type_string() }}) || ' of 3 signs'
        end as fatigue_reason,
        platform_label,
        cast(impression_count as {{ dbt.type_bigint() }}) as impression_count,
        cast(base_impression_count as {{ dbt.type_bigint() }}) as base_impression_count,
        cast(reach_count as {{ dbt.type_bigint() }}) as reach_count,
        cast(credited_order_count as decimal(18, 6)) as credited_order_count,
        cast(spend_amount as decimal(18, 4)) as spend_amount,
        target_cost_per_order_amount,
        relative_click_ratio,
        frequency,
        is_clicked_less,
        coalesce(is_seen_often, false) as is_seen_often,
        coalesce(is_too_dear, false) as is_too_dear,
        window_to_date
    from counted
)

select * from final
