{# Where next week's money should go. A move is recommended only where even the 5th percentile of
   what it changes in CM3 is above 0: of a fixed budget that of the whole plan, since what one
   channel gives another takes. Where the whole move is not that sure, three quarters, a half or a
   quarter may be. #}

with

curves as (
    select * from {{ ref('fct_response_curves') }}
),

optima as (
    select * from {{ ref('int_budget_optima') }}
),

changes as (
    select * from {{ ref('int_budget_changes') }}
),

as_of as (
    select {{ shop_date('as_of_at') }} as as_of_date
    from {{ ref('int_as_of') }}
),

{# The largest move that is sure enough; else the whole one, to be shown and held. #}
steps as (
    select
        budget_kind,
        channel,
        coalesce(max(case when cm3_change_low_amount > 0 then quarter_count end), 4)
            as quarter_count,
        max(cm3_change_low_amount) > 0 as is_sure
    from changes
    group by budget_kind, channel
),

planned as (
    select
        curves.*,
        optima.budget_kind,
        optima.move_maximum_ratio,
        optima.optimum_spend_amount,
        optima.capped_spend_amount,
        coalesce(steps.is_sure, false) as is_sure,
        coalesce(steps.quarter_count, 4) as quarter_count,
        cast(
            optima.weekly_spend_amount
            + (optima.capped_spend_amount - optima.weekly_spend_amount)
            * coalesce(steps.quarter_count, 4) * 0.25 as decimal(18, 4)
        ) as candidate_spend_amount
    from curves
    inner join optima
        on curves.channel = optima.channel
    left join steps
        on optima.budget_kind = steps.budget_kind
        and steps.channel = case
            when optima.budget_kind = 'fixed' then 'all' else optima.channel
        end
),

weighed as (
    select
        planned.*,
        own.cm3_change_low_amount,
        own.cm3_change_amount,
        own.cm3_change_high_amount,
        whole.cm3_change_low_amount as plan_cm3_change_low_amount,
        whole.cm3_change_amount as plan_cm3_change_amount,
        whole.cm3_change_high_amount as plan_cm3_change_high_amount,
        case
            when planned.decision <> 'ESTIMATED' then planned.decision_reason
            when planned.move_maximum_ratio = 0
                then {{ concat_text([
                    'planned.evidence_level', "' is enough for a test, not for a move of budget'"
                ], '') }}
            when planned.capped_spend_amount = planned.weekly_spend_amount
                then 'spend is where it should be'
            when not planned.is_sure
                then 'it may lose: the 5th percentile of what it changes in CM3 is not above 0'
        end as hold_reason
    from planned
    left join changes as own
        on planned.budget_kind = own.budget_kind
        and planned.channel = own.channel
        and planned.quarter_count = own.quarter_count
    left join changes as whole
        on planned.budget_kind = whole.budget_kind
        and planned.quarter_count = whole.quarter_count
        and whole.channel = case
            when planned.budget_kind = 'fixed' then 'all' else planned.channel
        end
),

final as (
    select
        {{ md5_hex(concat_text([
            'weighed.budget_kind', 'weighed.channel', 'as_of.as_of_date'
        ], '|')) }} as budget_recommendation_id,
        weighed.budget_kind,
        weighed.channel,
        case
            when weighed.hold_reason is not null then 'HOLD'
            when weighed.candidate_spend_amount > weighed.weekly_spend_amount then 'INCREASE'
            else 'DECREASE'
        end as decision,
        coalesce(
            weighed.hold_reason,
            case
                when weighed.quarter_count = 4 then 'the whole move pays at the 5th percentile too'
                else 'a part of the move pays at the 5th percentile too'
            end
        ) as decision_reason,
        'pending' as approval_status,
        weighed.evidence_level,
        weighed.move_maximum_ratio,
        weighed.weekly_spend_amount,
        case
            when weighed.hold_reason is null then weighed.candidate_spend_amount
            else weighed.weekly_spend_amount
        end as recommended_spend_amount,
        weighed.candidate_spend_amount,
        weighed.optimum_spend_amount,
        weighed.marginal_return_on_spend,
        {%- for name in ['candidate', 'optimum'] %}
        {%- set sales = sales_at(
            'weighed.' ~ name ~ '_spend_amount', 'weighed.weekly_sales_amount',
            'weighed.weekly_spend_amount', 'weighed.elasticity'
        ) %}
        case
            when weighed.decision = 'ESTIMATED'
                then cast(
                    weighed.elasticity * {{ sales }}
                    / nullif(weighed.{{ name }}_spend_amount, 0) as decimal(18, 4)
                )
        end as {{ name }}_marginal_return_on_spend,
        case
            when weighed.decision = 'ESTIMATED' then cast({{ sales }} as decimal(18, 4))
        end as {{ name }}_sales_amount,
        {%- endfor %}
        weighed.weekly_sales_amount,
        weighed.cm2_ratio,
        weighed.cm3_change_low_amount,
        weighed.cm3_change_amount,
        weighed.cm3_change_high_amount,
        weighed.plan_cm3_change_low_amount,
        weighed.plan_cm3_change_amount,
        weighed.plan_cm3_change_high_amount,
        weighed.is_shape_prior,
        cast(
            {{ dbt.dateadd('day', 7, week_start('as_of.as_of_date')) }} as date
        ) as week_date
    from weighed
    cross join as_of
)

select * from final
