{# The most that media may cost, and what the interval of it says of what media does cost. Credits
   are an attribution model's and no experiment's; attribution_model says whose word they are. #}

with

rates as (
    select * from {{ ref('int_threshold_rates') }}
),

limits as (
    select
        *,
        {{ amount_per('greatest(media_budget_amount, 0) * 1000', 'impression_count') }}
            as maximum_cost_per_mille_amount,
        {{ amount_per(
            'link_click_count * conversion_low_ratio * order_budget_amount * 1000',
            'impression_count'
        ) }} as maximum_cost_per_mille_low_amount,
        {{ amount_per(
            'link_click_count * conversion_high_ratio * order_budget_amount * 1000',
            'impression_count'
        ) }} as maximum_cost_per_mille_high_amount,
        case
            when media_budget_amount > 0
                then {{ amount_per('sales_amount', 'media_budget_amount') }}
        end as break_even_return_on_spend
    from rates
),

judged as (
    select
        *,
        case
            when impression_count = 0 or link_click_count = 0 then 'nothing was shown or clicked'
            when credited_order_count < {{ var('threshold_orders_minimum') }}
                then 'fewer than {{ var("threshold_orders_minimum") }} orders'
            when
                coalesce(cost_coverage_ratio, 0)
                < {{ var('threshold_cost_coverage_minimum_ratio') }}
                then 'cost of goods is known for too little of the sales'
            when unknown_order_count > 0 then 'expected returns are not known'
            when hurdle_ratio is null then 'no hurdle holds'
        end as lack
    from limits
),

final as (
    select
        {{ md5_hex(concat_text([
            'media_level', 'channel', "coalesce(campaign_id, '')", "coalesce(ad_id, '')"
        ], '|')) }} as threshold_id,
        media_level,
        channel,
        campaign_id,
        ad_id,
        '{{ var("margin_attribution_model") }}' as attribution_model,
        case
            when lack is not null then 'INSUFFICIENT_DATA'
            when maximum_cost_per_mille_low_amount > cost_per_mille_amount * (1 + hurdle_ratio)
                then 'SCALE'
            when maximum_cost_per_mille_high_amount < cost_per_mille_amount then 'CUT'
            else 'HOLD'
        end as decision,
        case
            when lack is not null then lack
            when maximum_cost_per_mille_low_amount > cost_per_mille_amount * (1 + hurdle_ratio)
                then 'pays with the hurdle at the low end too'
            when maximum_cost_per_mille_high_amount < cost_per_mille_amount
                then 'does not pay at the high end either'
            else 'the interval holds both: it may pay or not'
        end as decision_reason,
        impression_count,
        link_click_count,
        credited_order_count,
        spend_amount,
        sales_amount as credited_net_merchandise_sales_amount,
        cm2_expected_amount as credited_cm2_expected_amount,
        average_order_amount,
        cost_per_mille_amount,
        maximum_cost_per_mille_amount,
        maximum_cost_per_mille_low_amount,
        maximum_cost_per_mille_high_amount,
        cost_per_order_amount,
        order_budget_amount as maximum_cost_per_order_amount,
        break_even_return_on_spend,
        click_through_ratio,
        conversion_ratio,
        conversion_low_ratio,
        conversion_high_ratio,
        cost_coverage_ratio,
        hurdle_ratio,
        required_profit_ratio,
        window_from_date,
        window_to_date
    from judged
)

select * from final
