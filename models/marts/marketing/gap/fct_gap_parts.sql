{# Why a platform's claim is not what the channel brought, in orders: five parts that sum to the
   gap. The reference is every order that the channel touched, counted once over all channels. Going
   from it to the claim: orders that no click shows (lost, or the ad was only seen), clicks of
   another device, clicks older than the platform's window less claims of views, and clicked orders
   that are credited to another channel, which claims them as well. What is not measured is null,
   its reason beside it, and lies in the residual. #}

with

settings as (
    select * from {{ ref('int_claim_settings') }}
),

clicks as (
    select * from {{ ref('int_channel_clicks') }}
),

gaps as (
    select * from {{ ref('fct_channel_gaps') }}
),

as_of as (
    {{ survey_window() }}
),

claims as (
    select
        settings.channel,
        sum(
            case
                when claims_daily.attribution_setting = settings.reported_setting
                    then claims_daily.claimed_order_count
                else 0
            end
        ) as claimed_order_count,
        sum(
            case
                when claims_daily.attribution_setting = settings.click_setting
                    then claims_daily.claimed_order_count
                else 0
            end
        ) as click_claimed_order_count
    from {{ ref('int_platform_claims_daily') }} as claims_daily
    inner join as_of
        on claims_daily.report_date between as_of.window_from_date and as_of.as_of_date
    inner join settings
        on claims_daily.channel = settings.channel
    group by settings.channel
),

measured as (
    select
        settings.channel,
        settings.reported_setting,
        settings.click_setting,
        settings.click_window_days,
        gaps.decision,
        gaps.decision_reason,
        clicks.clicked_order_count,
        clicks.credited_order_count,
        coalesce(claims.claimed_order_count, 0) as claimed_order_count,
        case
            when settings.click_setting is not null
                then coalesce(claims.click_claimed_order_count, 0)
                - coalesce(claims.claimed_order_count, 0)
        end as view_order_count,
        clicks.late_order_count,
        case
            when gaps.decision = 'ESTIMATED'
                then gaps.touched_order_count - clicks.clicked_order_count
        end as lost_click_order_count,
        gaps.touched_order_sample_low_count - clicks.clicked_order_count as lost_click_low,
        gaps.touched_order_sample_high_count - clicks.clicked_order_count as lost_click_high,
        clicks.other_device_order_count,
        clicks.credited_order_count - clicks.clicked_order_count as overclaim_order_count,
        as_of.window_from_date,
        as_of.as_of_date as window_to_date
    from settings
    inner join clicks
        on settings.channel = clicks.channel
    cross join as_of
    left join gaps
        on settings.channel = gaps.channel
    left join claims
        on settings.channel = claims.channel
),

referenced as (
    select
        *,
        credited_order_count + coalesce(lost_click_order_count, 0) as reference_order_count,
        coalesce(view_order_count, 0) + late_order_count as setting_order_count
    from measured
),

final as (
    select
        channel,
        case
            when lost_click_order_count is null then 'clicked' else 'touched'
        end as reference_type,
        cast(reference_order_count as decimal(18, 6)) as reference_order_count,
        cast(claimed_order_count as decimal(18, 6)) as claimed_order_count,
        cast(reference_order_count - claimed_order_count as decimal(18, 6)) as gap_order_count,
        cast(setting_order_count as decimal(18, 6)) as setting_order_count,
        cast(view_order_count as decimal(18, 6)) as view_order_count,
        cast(late_order_count as decimal(18, 6)) as late_order_count,
        cast(lost_click_order_count as decimal(18, 6)) as lost_click_order_count,
        cast(lost_click_low as decimal(18, 6)) as lost_click_order_low_count,
        cast(lost_click_high as decimal(18, 6)) as lost_click_order_high_count,
        cast(other_device_order_count as decimal(18, 6)) as other_device_order_count,
        cast(overclaim_order_count as decimal(18, 6)) as overclaim_order_count,
        cast(
            reference_order_count - claimed_order_count - setting_order_count
            - coalesce(lost_click_order_count, 0) - other_device_order_count
            - overclaim_order_count as decimal(18, 6)
        ) as residual_order_count,
        case
            when click_setting is null
                then 'claims are read under no setting without views'
        end as view_lack,
        case
            when lost_click_order_count is null
                then coalesce(decision_reason, 'no survey')
        end as lost_click_lack,
        reported_setting,
        click_setting,
        click_window_days,
        window_from_date,
        window_to_date
    from referenced
)

select * from final
