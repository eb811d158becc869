{# How much a claim of a channel and tactic is worth in caused sales: kappa, the return that the newest
   experiment found over the one that the platform claimed before it. One experiment is noisy and grows
   old, so its logarithm is drawn to 0 (claims are right) by what it leaves open. #}

with

as_of as (
    select {{ shop_date('as_of_at') }} as as_of_date
    from {{ ref('int_as_of') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by channel, tactic order by end_date desc, experiment_id asc
        ) as experiment_place
    from {{ ref('fct_experiment_effects') }}
    where decision = 'ESTIMATED'
),

newest as (
    select
        ranked.*,
        as_of.as_of_date,
        {{ dbt.datediff('ranked.end_date', 'as_of.as_of_date', 'day') }} as age_days
    from ranked
    cross join as_of
    where ranked.experiment_place = 1
),

platform_days as (
    select
        channel,
        campaign_id,
        claimed_sales_amount,
        0 as spend_amount,
        report_date
    from {{ ref('int_platform_claims_daily') }}
    where is_reported
    union all
    select
        channel,
        campaign_id,
        0 as claimed_sales_amount,
        spend_amount,
        spend_date as report_date
    from {{ ref('int_ad_spend_daily') }}
),

first_periods as (
    select
        {{ concat_text(['source_relation', 'experiment_id'], ':') }} as experiment_id,
        min(period_date) as first_date
    from {{ ref('stg_experiments__geo_periods') }}
    group by {{ concat_text(['source_relation', 'experiment_id'], ':') }}
),

claimed as (
    select
        newest.experiment_id,
        sum(platform_days.claimed_sales_amount) as claimed_sales_amount,
        sum(platform_days.spend_amount) as spend_amount
    from newest
    inner join first_periods
        on newest.experiment_id = first_periods.experiment_id
    inner join platform_days
        on newest.channel = platform_days.channel
        and platform_days.report_date >= first_periods.first_date
        and platform_days.report_date < newest.start_date
    left join {{ ref('int_campaign_tactics') }} as tactics
        on platform_days.channel = tactics.channel
        and platform_days.campaign_id = tactics.campaign_id
    where newest.tactic in ('all', tactics.tactic)
    group by newest.experiment_id
),

observed as (
    select
        newest.*,
        {{ amount_per('claimed.claimed_sales_amount', 'claimed.spend_amount') }}
            as platform_return,
        case
            when claimed.spend_amount > 0 and claimed.claimed_sales_amount > 0
                then cast(newest.incremental_return_on_spend as {{ type_double() }})
                * claimed.spend_amount / claimed.claimed_sales_amount
        end as observed_factor,
        case
            when newest.incremental_return_on_spend > 0
                then cast(
                    newest.incremental_return_on_spend_high
                    - newest.incremental_return_on_spend_low as {{ type_double() }}
                )
                / (2 * {{ var('gap_interval_z') }} * newest.incremental_return_on_spend)
        end as observed_error
    from newest
    left join claimed
        on newest.experiment_id = claimed.experiment_id
),

aged as (
    select
        *,
        case
            when observed_factor is null then 'the platform claimed nothing before the experiment'
            when observed_factor <= 0 then 'the experiment found no sales that were caused'
        end as lack,
        observed_error * observed_error
        + power({{ var('calibration_error_weekly') }} * age_days / 7.0, 2) as error_square,
        power({{ var('calibration_prior_error') }}, 2) as prior_square
    from observed
),

shrunk as (
    select
        *,
        case when lack is null then prior_square / (prior_square + error_square) end
            as evidence_weight,
        case when lack is null then sqrt(prior_square * error_square / (prior_square + error_square)) end
            as factor_error,
        case when lack is null then ln(observed_factor) end as observed_log
    from aged
),

factors as (
    select
        *,
        exp(evidence_weight * observed_log) as factor,
        exp(evidence_weight * observed_log - {{ var('gap_interval_z') }} * factor_error)
            as factor_low,
        exp(evidence_weight * observed_log + {{ var('gap_interval_z') }} * factor_error)
            as factor_high
    from shrunk
),

gaps as (
    select
        *,
        cast(1 - 1 / factor as decimal(18, 6)) as gap_ratio,
        cast(1 - 1 / factor_low as decimal(18, 6)) as gap_low_ratio,
        cast(1 - 1 / factor_high as decimal(18, 6)) as gap_high_ratio
    from factors
),

final as (
    select
        channel,
        tactic,
        experiment_id,
        case when lack is null then 'CALIBRATED' else 'NOT_CALIBRATED' end as decision,
        lack as decision_reason,
        {# Past its time an experiment is no proof any more; what clicks tell is left. #}
        case
            when age_days <= {{ var('experiment_evidence_days') }} then 'E4'
            else 'E2'
        end as evidence_level,
        {{ gap_statement('gap_ratio', 'gap_low_ratio', 'gap_high_ratio') }} as gap_statement,
        cast(age_days as {{ dbt.type_bigint() }}) as age_days,
        incremental_return_on_spend,
        platform_return as platform_return_on_spend,
        cast(observed_factor as decimal(18, 6)) as observed_factor_ratio,
        cast(sqrt(error_square) as decimal(18, 6)) as observed_log_error,
        cast(evidence_weight as decimal(18, 6)) as evidence_weight_ratio,
        cast(factor as decimal(18, 6)) as calibration_factor_ratio,
        cast(factor_low as decimal(18, 6)) as calibration_factor_low_ratio,
        cast(factor_high as decimal(18, 6)) as calibration_factor_high_ratio,
        gap_ratio,
        gap_low_ratio,
        gap_high_ratio,
        end_date as experiment_end_date
    from gaps
)

select * from final
