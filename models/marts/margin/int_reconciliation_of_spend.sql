{{ config(access='private') }}

{# Spend against the platforms' own figures, and what lines carry plus what nobody was credited
   for against all of it. Staging is summed without a join, so that a join that loses or doubles
   spend is seen; the accounts' currencies are added up as they are, which ISO 4217 calls XXX. #}

with

int_ad_spend_daily as (
    select * from {{ ref('int_ad_spend_daily') }}
),

int_marketing_cost_lines as (
    select * from {{ ref('int_marketing_cost_lines') }}
),

fct_channel_margin_daily as (
    select * from {{ ref('fct_channel_margin_daily') }}
),

sides as (
    select
        'spend_to_platforms' as check_name,
        'XXX' as currency,
        'left' as side,
        spend_account_amount as amount,
        spend_date as reconciled_date
    from int_ad_spend_daily
    union all
    select
        'spend_to_platforms' as check_name,
        'XXX' as currency,
        'right' as side,
        spend_amount as amount,
        report_date as reconciled_date
    from {{ ref('stg_facebook_ads__ad_days') }}
    union all
    select
        'spend_to_platforms' as check_name,
        'XXX' as currency,
        'right' as side,
        spend_amount as amount,
        report_date as reconciled_date
    from {{ ref('stg_google_ads__ad_days') }}
    union all
    select
        'spend_to_platforms' as check_name,
        'XXX' as currency,
        'right' as side,
        spend_amount as amount,
        cast(reported_at as date) as reconciled_date
    from {{ ref('stg_tiktok_ads__ad_hours') }}
    union all
    select
        'spend_is_allocated_or_not' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'left' as side,
        -amount as amount,
        event_date as reconciled_date
    from int_marketing_cost_lines
    union all
    select
        'spend_is_allocated_or_not' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'left' as side,
        unallocated_spend_amount as amount,
        margin_date as reconciled_date
    from fct_channel_margin_daily
    union all
    select
        'spend_is_allocated_or_not' as check_name,
        '{{ var("reporting_currency") }}' as currency,
        'right' as side,
        spend_amount as amount,
        spend_date as reconciled_date
    from int_ad_spend_daily
),

final as (
    select
        check_name,
        currency,
        side,
        cast(sum(amount) as decimal(28, 4)) as amount,
        reconciled_date
    from sides
    group by check_name, currency, side, reconciled_date
)

select * from final
