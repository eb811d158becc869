{{ config(access='private') }}

{# Where next week's money is worth most. With the budget as it is, the next unit of every channel
   has to bring the same CM2, its price; with a free one, as much as it costs. Once as far as the
   curves go, and once as far as the evidence of a channel lets its spend move. A channel without a
   curve keeps its spend. #}

with

curves as (
    select
        *,
        coalesce(weekly_spend_amount, 0) as base_spend_amount,
        decision = 'ESTIMATED' as is_known,
        case
            when decision <> 'ESTIMATED' then 0
            when evidence_level = 'E4' then {{ var('budget_move_maximum_ratio') }}
            when evidence_level = 'E3'
                then least(
                    {{ var('budget_move_maximum_ratio') }}, {{ var('budget_move_e3_ratio') }}
                )
            when evidence_level = 'E2'
                then least(
                    {{ var('budget_move_maximum_ratio') }}, {{ var('budget_move_e2_ratio') }}
                )
            else 0
        end as move_maximum_ratio
    from {{ ref('fct_response_curves') }}
),

totals as (
    select cast(sum(base_spend_amount) as decimal(18, 4)) as budget_amount
    from curves
),

bounds as (
    select true as is_capped
    union all
    select false as is_capped
),

budgets as (
    select
        bounds.is_capped,
        totals.budget_amount
    from bounds
    cross join totals
    where totals.budget_amount > 0
),

channels as (
    select
        budgets.is_capped,
        curves.channel,
        curves.base_spend_amount as weekly_spend_amount,
        curves.elasticity,
        curves.move_maximum_ratio,
        {# A unit that brings nothing is the first to go, and no logarithm. #}
        case
            when curves.is_known
                then ln(
                    greatest(
                        cast(curves.weekly_sales_amount as {{ type_double() }})
                        * curves.cm2_ratio * curves.elasticity / curves.weekly_spend_amount,
                        0.000000001
                    )
                )
            else 0
        end as marginal_log,
        cast(
            case
                when budgets.is_capped or not curves.is_known
                    then curves.base_spend_amount * (1 - curves.move_maximum_ratio)
                else 0
            end as decimal(18, 4)
        ) as least_spend_amount,
        cast(
            case
                when budgets.is_capped or not curves.is_known
                    then curves.base_spend_amount * (1 + curves.move_maximum_ratio)
                else 1000 * curves.base_spend_amount
            end as decimal(18, 4)
        ) as most_spend_amount
    from curves
    cross join budgets
),

{{ price_search(4) }},

priced as (
    select
        channels.is_capped,
        channels.channel,
        channels.weekly_spend_amount,
        channels.least_spend_amount,
        channels.most_spend_amount,
        channels.move_maximum_ratio,
        prices.budget_amount,
        prices.log_price,
        cast({{ spend_at_price('prices.log_price') }} as decimal(18, 4)) as spend_amount
    from channels
    inner join prices_4 as prices
        on channels.is_capped = prices.is_capped
),

{# What rounding left over goes to the largest channel that is at none of its bounds. #}
ranked as (
    select
        *,
        budget_amount - sum(spend_amount) over (partition by is_capped) as rest_amount,
        row_number() over (
            partition by is_capped
            order by
                case
                    when spend_amount > least_spend_amount and spend_amount < most_spend_amount
                        then 0
                    else 1
                end,
                spend_amount desc,
                channel asc
        ) as rest_place
    from priced
),

{# With a free budget the price is 1: no channel waits for another. #}
free as (
    select
        is_capped,
        channel,
        weekly_spend_amount,
        move_maximum_ratio,
        cast({{ spend_at_price('0') }} as decimal(18, 4)) as spend_amount
    from channels
),

both_kinds as (
    select
        'fixed' as budget_kind,
        is_capped,
        channel,
        move_maximum_ratio,
        weekly_spend_amount,
        cast(
            spend_amount + case when rest_place = 1 then rest_amount else 0 end as decimal(18, 4)
        ) as spend_amount
    from ranked
    union all
    select
        'free' as budget_kind,
        is_capped,
        channel,
        move_maximum_ratio,
        weekly_spend_amount,
        spend_amount
    from free
),

final as (
    select
        budget_kind,
        channel,
        cast(max(move_maximum_ratio) as decimal(9, 6)) as move_maximum_ratio,
        max(weekly_spend_amount) as weekly_spend_amount,
        max(case when not is_capped then spend_amount end) as optimum_spend_amount,
        max(case when is_capped then spend_amount end) as capped_spend_amount
    from both_kinds
    group by budget_kind, channel
)

select * from final
