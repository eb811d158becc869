{# How a channel's sales answer to its spend: sales = k × spend^elasticity through what a week costs
   and brings today. Its return is the one that experiments or, without them, our own credits tell;
   its elasticity is read from weeks where they tell more than the prior does, else it is the
   prior. #}

with

evidence as (
    select * from {{ ref('int_channel_evidence') }}
),

slopes as (
    select
        *,
        cast(
            (elasticity_high - elasticity_low) / (2 * {{ var('response_interval_t') }})
            as decimal(18, 6)
        ) as slope_error
    from {{ ref('int_response_curves') }}
    where media_level = 'channel'
),

margins as (
    select * from {{ ref('fct_marginal_returns') }}
    where media_level = 'channel'
),

joined as (
    select
        evidence.*,
        {{ amount_per('evidence.spend_amount', var('budget_weeks')) }} as weekly_spend,
        {{ amount_per('evidence.sales_amount', var('budget_weeks')) }} as weekly_sales,
        slopes.week_count,
        slopes.spend_variation_ratio,
        slopes.elasticity as slope,
        slopes.slope_error,
        {# The interval starts above what can be where something else moved spend and sales. #}
        coalesce(
            slopes.week_count < {{ var('response_weeks_minimum') }}
            or slopes.selling_week_count < slopes.week_count
            or slopes.spend_variation_ratio < {{ var('response_spend_variation_minimum_ratio') }}
            or slopes.slope_error > {{ var('response_elasticity_prior_error') }}
            or slopes.elasticity_low > {{ var('response_elasticity_maximum') }},
            true
        )
        or slopes.slope_error is null as is_shape_prior,
        case
            when margins.credited_net_merchandise_sales_amount > 0
                then cast(
                    cast(margins.credited_cm2_expected_amount as {{ type_double() }})
                    / margins.credited_net_merchandise_sales_amount as decimal(18, 6)
                )
        end as cm2_ratio,
        margins.cost_coverage_ratio
    from evidence
    left join slopes
        on evidence.channel = slopes.channel
    left join margins
        on evidence.channel = margins.channel
),

shaped as (
    select
        *,
        case
            when evidence_level = 'E0' then 'only a claim tells its return'
            when weekly_spend <= 0 then 'no spend in the newest weeks'
            when weekly_sales <= 0 then 'no sales in the newest weeks'
            when cm2_ratio is null then 'the margin of its orders is not known'
            when
                coalesce(cost_coverage_ratio, 0)
                < {{ var('threshold_cost_coverage_minimum_ratio') }}
                then 'cost of goods is known for too little of the sales'
        end as lack,
        cast(
            case
                when is_shape_prior then {{ var('response_elasticity_prior') }}
                else
                    greatest(
                        least(slope, {{ var('response_elasticity_maximum') }}),
                        {{ var('response_elasticity_minimum') }}
                    )
            end as decimal(18, 6)
        ) as used,
        cast(
            case
                when is_shape_prior then {{ var('response_elasticity_prior_error') }}
                else slope_error
            end as decimal(18, 6)
        ) as used_error
    from joined
),

returns as (
    select
        *,
        cast(weekly_sales as {{ type_double() }}) * used / nullif(weekly_spend, 0)
            as marginal_return
    from shaped
),

final as (
    select
        channel,
        case when lack is null then 'ESTIMATED' else 'INSUFFICIENT_DATA' end as decision,
        lack as decision_reason,
        evidence_level,
        reference_type,
        coalesce(week_count, 0) as week_count,
        weekly_spend as weekly_spend_amount,
        weekly_sales as weekly_sales_amount,
        {{ amount_per('weekly_sales', 'weekly_spend') }} as return_on_spend,
        sales_log_error as return_log_error,
        used as elasticity,
        used_error as elasticity_error,
        case when lack is null then cast(marginal_return as decimal(18, 4)) end
            as marginal_return_on_spend,
        cm2_ratio,
        case when lack is null then cast(marginal_return * cm2_ratio as decimal(18, 6)) end
            as marginal_cm2_per_spend,
        orders_per_spend as brand_orders_per_spend,
        orders_per_spend_low as brand_orders_per_spend_low,
        orders_per_spend_high as brand_orders_per_spend_high,
        touched_orders_per_spend_low,
        touched_orders_per_spend_high,
        spend_variation_ratio,
        is_shape_prior,
        window_from_date,
        window_to_date
    from returns
)

select * from final
