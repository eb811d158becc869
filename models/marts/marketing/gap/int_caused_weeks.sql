{{ config(access='private') }}

{# What a week's claims are worth in caused sales, where an experiment of their tactic, else of the
   whole channel, says so. A medium with a claim that no experiment speaks of has no figure. #}

with

calibrations as (
    select * from {{ ref('fct_calibrations') }}
    where decision = 'CALIBRATED'
),

claims as (
    select
        claims_daily.channel,
        claims_daily.campaign_id,
        coalesce(tactics.tactic, 'unknown') as tactic,
        sum(claims_daily.claimed_sales_amount) as claimed_sales_amount,
        {{ week_start('claims_daily.report_date') }} as week_date
    from {{ ref('int_platform_claims_daily') }} as claims_daily
    left join {{ ref('int_campaign_tactics') }} as tactics
        on claims_daily.channel = tactics.channel
        and claims_daily.campaign_id = tactics.campaign_id
    where claims_daily.is_reported
    group by
        claims_daily.channel,
        claims_daily.campaign_id,
        coalesce(tactics.tactic, 'unknown'),
        {{ week_start('claims_daily.report_date') }}
),

rated as (
    select
        claims.channel,
        claims.campaign_id,
        claims.claimed_sales_amount,
        coalesce(own.evidence_level, whole.evidence_level) as evidence_level,
        coalesce(own.calibration_factor_ratio, whole.calibration_factor_ratio) as factor_ratio,
        coalesce(own.calibration_factor_low_ratio, whole.calibration_factor_low_ratio)
            as factor_low_ratio,
        coalesce(own.calibration_factor_high_ratio, whole.calibration_factor_high_ratio)
            as factor_high_ratio,
        claims.week_date
    from claims
    left join calibrations as own
        on claims.channel = own.channel
        and claims.tactic = own.tactic
    left join calibrations as whole
        on claims.channel = whole.channel
        and whole.tactic = 'all'
),

levels as (
    select 'channel' as media_level
    union all
    select 'campaign' as media_level
),

leveled as (
    select
        levels.media_level,
        rated.channel,
        case when levels.media_level = 'campaign' then rated.campaign_id end as campaign_id,
        rated.evidence_level,
        rated.claimed_sales_amount,
        rated.factor_ratio,
        rated.factor_low_ratio,
        rated.factor_high_ratio,
        rated.week_date
    from rated
    cross join levels
),

final as (
    select
        media_level,
        channel,
        campaign_id,
        min(evidence_level) as evidence_level,
        cast(sum(claimed_sales_amount * factor_ratio) as decimal(18, 4)) as caused_sales_amount,
        cast(sum(claimed_sales_amount * factor_low_ratio) as decimal(18, 4))
            as caused_sales_low_amount,
        cast(sum(claimed_sales_amount * factor_high_ratio) as decimal(18, 4))
            as caused_sales_high_amount,
        week_date
    from leveled
    group by media_level, channel, campaign_id, week_date
    having
        count(factor_ratio) = count(*)
        and sum(claimed_sales_amount) > 0
)

select * from final
