{# What the next unit of spend brings beside what the average one did. On sales = k × spend^e the
   marginal return is e × the average, so who decides by the average spends too much. Neither is
   known exactly: the bounds are those of e times those of conversion. Weeks differ in more than
   spend and credits are no experiment: attribution_model says whose word they are. #}

with

rates as (
    select * from {{ ref('int_threshold_rates') }}
    where media_level in ('channel', 'campaign') and spend_amount > 0
),

curves as (
    select * from {{ ref('int_response_curves') }}
),

joined as (
    select
        rates.media_level,
        rates.channel,
        rates.campaign_id,
        rates.credited_order_count,
        rates.unknown_order_count,
        rates.spend_amount,
        rates.sales_amount,
        rates.cm2_expected_amount,
        rates.media_budget_amount,
        rates.link_click_count,
        rates.conversion_ratio,
        rates.conversion_low_ratio,
        rates.conversion_high_ratio,
        rates.cost_coverage_ratio,
        rates.hurdle_ratio,
        rates.required_profit_ratio,
        rates.window_from_date,
        rates.window_to_date,
        cast(rates.spend_amount * 7 as {{ type_double() }})
        / {{ var('threshold_window_days') }} as weekly_spend,
        coalesce(curves.week_count, 0) as week_count,
        coalesce(curves.selling_week_count, 0) as selling_week_count,
        curves.spend_variation_ratio,
        curves.least_spend_amount,
        curves.most_spend_amount,
        curves.elasticity,
        curves.elasticity_low,
        curves.elasticity_high
    from rates
    left join curves
        on rates.media_level = curves.media_level
        and rates.channel = curves.channel
        and coalesce(rates.campaign_id, '') = coalesce(curves.campaign_id, '')
),

judged as (
    select
        *,
        case
            when week_count < {{ var('response_weeks_minimum') }}
                then 'fewer than {{ var("response_weeks_minimum") }} weeks with spend'
            when selling_week_count < week_count then 'a week with spend sold nothing'
            when spend_variation_ratio < {{ var('response_spend_variation_minimum_ratio') }}
                then 'spend was too even to see what more of it brings'
            when credited_order_count < {{ var('threshold_orders_minimum') }}
                then 'fewer than {{ var("threshold_orders_minimum") }} orders'
            when link_click_count = 0 then 'nothing was clicked'
            when
                coalesce(cost_coverage_ratio, 0)
                < {{ var('threshold_cost_coverage_minimum_ratio') }}
                then 'cost of goods is known for too little of the sales'
            when unknown_order_count > 0 then 'expected returns are not known'
            when hurdle_ratio is null then 'no hurdle holds'
            when elasticity_low > {{ var('response_elasticity_maximum') }}
                then 'sales moved more than spend: something else moved both'
            when elasticity_high < {{ var('response_elasticity_minimum') }}
                then 'sales did not move with spend'
        end as lack
    from joined
),

bounded as (
    select
        *,
        case
            when lack is null
                then cast(
                    greatest(
                        least(elasticity, {{ var('response_elasticity_maximum') }}),
                        {{ var('response_elasticity_minimum') }}
                    ) as decimal(18, 6)
                )
        end as used,
        case when lack is null then cast(greatest(elasticity_low, 0) as decimal(18, 6)) end
            as used_low,
        case when lack is null then cast(least(elasticity_high, 1) as decimal(18, 6)) end
            as used_high,
        case
            when lack is null
                then cast(
                    greatest(elasticity_low, 0)
                    * least(conversion_low_ratio / conversion_ratio, 1) as decimal(18, 6)
                )
        end as share_low,
        case
            when lack is null
                then cast(
                    least(elasticity_high, 1)
                    * greatest(conversion_high_ratio / conversion_ratio, 1) as decimal(18, 6)
                )
        end as share_high
    from judged
),

returns as (
    select
        *,
        {{ amount_per('sales_amount', 'spend_amount') }} as average_return,
        {{ amount_per('cm2_expected_amount - spend_amount', 'spend_amount') }} as average_cm3,
        {{ marginal_per_spend('sales_amount', 'used') }} as marginal_return,
        {{ marginal_per_spend('sales_amount', 'share_low') }} as marginal_return_low,
        {{ marginal_per_spend('sales_amount', 'share_high') }} as marginal_return_high,
        {{ marginal_per_spend('cm2_expected_amount', 'used') }} as marginal_cm2,
        {{ marginal_per_spend('cm2_expected_amount', 'share_low') }} as marginal_cm2_low,
        {{ marginal_per_spend('cm2_expected_amount', 'share_high') }} as marginal_cm2_high,
        {{ marginal_per_spend('media_budget_amount', 'share_low') }} as marginal_budget_low,
        {{ marginal_per_spend('media_budget_amount', 'share_high') }} as marginal_budget_high,
        case
            when media_budget_amount > 0
                then ln(cast(media_budget_amount * used / spend_amount as {{ type_double() }}))
                / (1 - used)
        end as best_log
    from bounded
),

decided as (
    select
        *,
        case
            when lack is not null then 'INSUFFICIENT_DATA'
            when marginal_budget_low > 1 + hurdle_ratio then 'SCALE'
            when greatest(marginal_budget_low, marginal_budget_high) < 1 then 'CUT'
            else 'HOLD'
        end as decision
    from returns
),

final as (
    select
        {{ md5_hex(concat_text(['media_level', 'channel', "coalesce(campaign_id, '')"], '|')) }}
            as marginal_return_id,
        media_level,
        channel,
        campaign_id,
        '{{ var("margin_attribution_model") }}' as attribution_model,
        decision,
        case
            when lack is not null then lack
            when decision = 'SCALE' then 'the next unit pays with the hurdle at the low end too'
            when decision = 'CUT' then 'the next unit does not pay at the high end either'
            else 'the interval holds both: the next unit may pay or not'
        end as decision_reason,
        week_count,
        credited_order_count,
        spend_amount,
        sales_amount as credited_net_merchandise_sales_amount,
        cm2_expected_amount as credited_cm2_expected_amount,
        cast(weekly_spend as decimal(18, 4)) as weekly_spend_amount,
        average_return as average_return_on_spend,
        marginal_return as marginal_return_on_spend,
        marginal_return_low as marginal_return_on_spend_low,
        marginal_return_high as marginal_return_on_spend_high,
        average_cm3 as average_cm3_per_spend,
        cast(marginal_cm2 - 1 as decimal(18, 4)) as marginal_cm3_per_spend,
        cast(least(marginal_cm2_low, marginal_cm2_high) - 1 as decimal(18, 4))
            as marginal_cm3_per_spend_low,
        cast(greatest(marginal_cm2_low, marginal_cm2_high) - 1 as decimal(18, 4))
            as marginal_cm3_per_spend_high,
        case
            when decision in ('SCALE', 'CUT')
                then {{ best_weekly_spend(
                    'weekly_spend', 'best_log', 'least_spend_amount', 'most_spend_amount'
                ) }}
        end as best_weekly_spend_amount,
        used as elasticity,
        used_low as elasticity_low,
        used_high as elasticity_high,
        spend_variation_ratio,
        cost_coverage_ratio,
        hurdle_ratio,
        required_profit_ratio,
        window_from_date,
        window_to_date
    from decided
)

select * from final
