{# Three views of one week's spend side by side: what the platform claims, what our own credits say,
   and what an experiment says was caused. The claim is held against the last, else the second. A gap
   above 0 is under-reported, one below 0 over-claimed. Claims are compared within one setting only,
   and never across a break. #}

with

media_weeks as (
    select * from {{ ref('int_media_weeks') }}
),

attribution_settings as (
    select * from {{ ref('attribution_settings') }}
),

structural_breaks as (
    select * from {{ ref('structural_breaks') }}
),

as_of as (
    select {{ shop_date('as_of_at') }} as as_of_date
    from {{ ref('int_as_of') }}
),

caused_weeks as (
    select * from {{ ref('int_caused_weeks') }}
),

surveyed as (
    select
        channel,
        window_from_date,
        window_to_date
    from {{ ref('fct_channel_gaps') }}
    where decision = 'ESTIMATED'
),

tactics as (
    select * from {{ ref('int_campaign_tactics') }}
),

levels as (
    select 'channel' as media_level
    union all
    select 'campaign' as media_level
),

claims as (
    select
        levels.media_level,
        claims_daily.channel,
        case when levels.media_level = 'campaign' then claims_daily.campaign_id end as campaign_id,
        claims_daily.attribution_setting,
        cast(sum(claims_daily.claimed_order_count) as decimal(18, 6)) as claimed_order_count,
        cast(sum(claims_daily.claimed_sales_amount) as decimal(18, 4)) as claimed_sales_amount,
        {{ week_start('claims_daily.report_date') }} as week_date,
        max(claims_daily.pulled_at) as pulled_at
    from {{ ref('int_platform_claims_daily') }} as claims_daily
    cross join levels
    group by
        levels.media_level,
        claims_daily.channel,
        case when levels.media_level = 'campaign' then claims_daily.campaign_id end,
        claims_daily.attribution_setting,
        {{ week_start('claims_daily.report_date') }}
),

{# Every week of a medium under every setting that held: a platform that claims nothing claims 0. #}
settings as (
    select
        channel,
        attribution_setting,
        action_report_time,
        is_reported,
        valid_from,
        valid_to
    from attribution_settings
),

cells as (
    select
        media_weeks.media_level,
        media_weeks.channel,
        media_weeks.campaign_id,
        media_weeks.campaign_name,
        coalesce(settings.attribution_setting, 'none') as attribution_setting,
        settings.action_report_time,
        coalesce(settings.is_reported, true) as is_reported,
        media_weeks.credited_order_count,
        media_weeks.spend_amount,
        media_weeks.credited_net_merchandise_sales_amount,
        media_weeks.credited_sales_error_amount,
        media_weeks.week_date
    from media_weeks
    left join settings
        on media_weeks.channel = settings.channel
        and {{ holds_on('settings', 'media_weeks.week_date') }}
),

breaks as (
    select
        cells.media_level,
        cells.channel,
        cells.campaign_id,
        cells.attribution_setting,
        cells.week_date,
        max(structural_breaks.break_date) as comparable_from_date,
        min(
            case
                when structural_breaks.break_date >= cells.week_date
                    then structural_breaks.change_name
            end
        ) as structural_break
    from cells
    inner join structural_breaks
        on cells.channel = structural_breaks.channel
        and structural_breaks.attribution_setting in ('any', cells.attribution_setting)
        and structural_breaks.break_date <= {{ dbt.dateadd('day', 6, 'cells.week_date') }}
    group by
        cells.media_level, cells.channel, cells.campaign_id, cells.attribution_setting,
        cells.week_date
),

joined as (
    select
        cells.*,
        coalesce(claims.claimed_order_count, 0) as claimed_order_count,
        coalesce(claims.claimed_sales_amount, 0) as claimed_sales_amount,
        claims.pulled_at,
        breaks.comparable_from_date,
        breaks.structural_break,
        tactics.tactic,
        caused_weeks.evidence_level as caused_evidence_level,
        caused_weeks.caused_sales_amount,
        caused_weeks.caused_sales_low_amount,
        caused_weeks.caused_sales_high_amount,
        surveyed.channel is not null as is_surveyed,
        {{ dbt.dateadd('day', 6, 'cells.week_date') }} <= as_of.as_of_date as is_complete_week
    from cells
    cross join as_of
    left join claims
        on cells.media_level = claims.media_level
        and cells.channel = claims.channel
        and coalesce(cells.campaign_id, '') = coalesce(claims.campaign_id, '')
        and cells.attribution_setting = claims.attribution_setting
        and cells.week_date = claims.week_date
    left join breaks
        on cells.media_level = breaks.media_level
        and cells.channel = breaks.channel
        and coalesce(cells.campaign_id, '') = coalesce(breaks.campaign_id, '')
        and cells.attribution_setting = breaks.attribution_setting
        and cells.week_date = breaks.week_date
    left join caused_weeks
        on cells.media_level = caused_weeks.media_level
        and cells.channel = caused_weeks.channel
        and coalesce(cells.campaign_id, '') = coalesce(caused_weeks.campaign_id, '')
        and cells.week_date = caused_weeks.week_date
    left join surveyed
        on cells.channel = surveyed.channel
        and cells.week_date between surveyed.window_from_date and surveyed.window_to_date
    left join tactics
        on cells.channel = tactics.channel
        and cells.campaign_id = tactics.campaign_id
),

returns as (
    select
        *,
        {{ amount_per('claimed_sales_amount', 'spend_amount') }} as platform_return,
        {{ amount_per('credited_net_merchandise_sales_amount', 'spend_amount') }}
            as first_party_return,
        {{ amount_per(
            'greatest(credited_net_merchandise_sales_amount - '
            ~ var('gap_interval_z') ~ ' * credited_sales_error_amount, 0)', 'spend_amount'
        ) }} as first_party_low,
        {{ amount_per(
            'credited_net_merchandise_sales_amount + '
            ~ var('gap_interval_z') ~ ' * credited_sales_error_amount', 'spend_amount'
        ) }} as first_party_high,
        {{ amount_per('caused_sales_amount', 'spend_amount') }} as caused_return,
        {{ amount_per('caused_sales_low_amount', 'spend_amount') }} as caused_low,
        {{ amount_per('caused_sales_high_amount', 'spend_amount') }} as caused_high
    from joined
),

referenced as (
    select
        *,
        case
            when caused_return is not null then 'incremental'
            when first_party_return is not null then 'first_party'
        end as reference_type,
        coalesce(caused_return, first_party_return) as reference_return,
        case when caused_return is not null then caused_low else first_party_low end
            as reference_low,
        case when caused_return is not null then caused_high else first_party_high end
            as reference_high
    from returns
),

gaps as (
    select
        *,
        {{ gap_ratio('platform_return', 'reference_return') }} as gap_ratio,
        {{ gap_ratio('platform_return', 'reference_low') }} as gap_low_ratio,
        {{ gap_ratio('platform_return', 'reference_high') }} as gap_high_ratio
    from referenced
),

final as (
    select
        {{ md5_hex(concat_text([
            'media_level', 'channel', "coalesce(campaign_id, '')", 'attribution_setting', 'week_date'
        ], '|')) }} as roas_gap_id,
        media_level,
        channel,
        campaign_id,
        campaign_name,
        tactic,
        attribution_setting,
        action_report_time,
        '{{ var("margin_attribution_model") }}' as attribution_model,
        case
            when reference_type = 'incremental' then caused_evidence_level
            when is_surveyed then 'E2'
            when credited_order_count > 0 then 'E1'
            else 'E0'
        end as evidence_level,
        reference_type,
        {{ gap_statement('gap_ratio', 'gap_low_ratio', 'gap_high_ratio') }} as gap_statement,
        structural_break,
        claimed_order_count,
        credited_order_count,
        spend_amount,
        claimed_sales_amount,
        credited_net_merchandise_sales_amount,
        platform_return as platform_return_on_spend,
        first_party_return as first_party_return_on_spend,
        first_party_low as first_party_return_on_spend_low,
        first_party_high as first_party_return_on_spend_high,
        caused_return as incremental_return_on_spend,
        caused_low as incremental_return_on_spend_low,
        caused_high as incremental_return_on_spend_high,
        gap_ratio,
        gap_low_ratio,
        gap_high_ratio,
        is_reported as is_reported_setting,
        is_complete_week,
        week_date,
        comparable_from_date,
        pulled_at
    from gaps
)

select * from final
