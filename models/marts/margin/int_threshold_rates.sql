{{ config(access='private') }}

{# What one order leaves for media after the required profit, how many clicks it takes, and between
   which bounds that share lies. The hurdle of a channel goes before that of any. #}

with

evidence as (
    select * from {{ ref('int_threshold_evidence') }}
),

hurdles as (
    select * from {{ ref('media_hurdles') }}
),

hurdled as (
    select
        evidence.*,
        coalesce(own_hurdles.hurdle_ratio, any_hurdles.hurdle_ratio) as hurdle_ratio,
        coalesce(own_hurdles.required_profit_ratio, any_hurdles.required_profit_ratio)
            as required_profit_ratio
    from evidence
    left join hurdles as own_hurdles
        on evidence.channel = own_hurdles.channel
        and {{ holds_on('own_hurdles', 'evidence.window_to_date') }}
    left join hurdles as any_hurdles
        on any_hurdles.channel = 'any'
        and {{ holds_on('any_hurdles', 'evidence.window_to_date') }}
),

profited as (
    select
        *,
        {{ round_half_even(
            'cast(cm2_expected_amount - sales_amount * required_profit_ratio as decimal(28, 10))', 4
        ) }} as media_budget_amount
    from hurdled
),

final as (
    select
        media_level,
        channel,
        campaign_id,
        ad_id,
        impression_count,
        link_click_count,
        credited_order_count,
        unknown_order_count,
        spend_amount,
        sales_amount,
        cm2_expected_amount,
        media_budget_amount,
        {{ amount_per('sales_amount', 'credited_order_count') }} as average_order_amount,
        {{ amount_per('greatest(media_budget_amount, 0)', 'credited_order_count') }}
            as order_budget_amount,
        {{ amount_per('spend_amount', 'credited_order_count') }} as cost_per_order_amount,
        {{ amount_per('spend_amount * 1000', 'impression_count') }} as cost_per_mille_amount,
        case
            when impression_count > 0
                then {{ ratio_half_even('link_click_count', 'impression_count') }}
        end as click_through_ratio,
        case
            when link_click_count > 0
                then {{ ratio_half_even(
                    'credited_order_count * 1000000', 'cast(link_click_count as bigint) * 1000000',
                    'decimal(18, 6)'
                ) }}
        end as conversion_ratio,
        case
            when link_click_count > 0
                then {{ wilson_bound(
                    'credited_order_count', 'link_click_count', var('threshold_interval_z'), -1
                ) }}
        end as conversion_low_ratio,
        case
            when link_click_count > 0
                then {{ wilson_bound(
                    'credited_order_count', 'link_click_count', var('threshold_interval_z'), 1
                ) }}
        end as conversion_high_ratio,
        cost_coverage_ratio,
        hurdle_ratio,
        required_profit_ratio,
        window_from_date,
        window_to_date
    from profited
)

select * from final
