{# The chance that an ad's orders cost less than an order may, by macros/statistics. It may be
   looked at every day: a verdict is no test that peeking spoils. What a wrong verdict costs is
   measured in the proof. #}

with

ads as (
    select * from {{ ref('int_creative_orders') }}
),

judgeable as (
    select
        channel,
        ad_id,
        order_count,
        target_cost_per_order_amount,
        spend_amount,
        cast(order_count as {{ type_double() }}) as order_number,
        cast(spend_amount as {{ type_double() }})
        / cast(target_cost_per_order_amount as {{ type_double() }}) as spent_targets
    from ads
    where lack is null
),

terms as (
    select
        judgeable.channel,
        judgeable.ad_id,
        {{ poisson_term('1 + judgeable.spent_targets', 'numbers.day_number') }} as term
    from judgeable
    inner join ({{ day_numbers() }}) as numbers
        on numbers.day_number <= judgeable.order_count
    where judgeable.order_count <= {{ var('creative_exact_orders_maximum') }}
),

exact_sums as (
    select
        channel,
        ad_id,
        sum(term) as term_sum
    from terms
    group by channel, ad_id
),

chances as (
    select
        judgeable.*,
        cast(
            coalesce(
                {{ round_half_even('cast(exact_sums.term_sum as decimal(28, 18))', 6) }},
                cast(
                    {{ poisson_sum_by_cube_root(
                        'judgeable.order_number', '(1 + judgeable.spent_targets)'
                    ) }} as decimal(18, 6)
                )
            ) as decimal(9, 6)
        ) as pays_ratio
    from judgeable
    left join exact_sums
        on judgeable.channel = exact_sums.channel
        and judgeable.ad_id = exact_sums.ad_id
),

verdicts as (
    select
        *,
        case
            when pays_ratio >= {{ var('creative_winner_ratio') }} then 'WINNER'
            when pays_ratio <= {{ var('creative_kill_ratio') }} then 'KILL'
            else 'WAIT'
        end as decision
    from chances
),

{# What is still to be spent until a verdict, if orders go on as so far: in tenths of a target. #}
steps as (
    select
        verdicts.channel,
        verdicts.ad_id,
        numbers.number as step_number,
        {{ poisson_sum_by_cube_root(
            '(verdicts.order_number + verdicts.order_number / verdicts.spent_targets'
            ~ ' * numbers.number / 10.0)',
            '(1 + verdicts.spent_targets + numbers.number / 10.0)'
        ) }} as pays_then
    from verdicts
    cross join (
        {{ numbers_to(var('creative_verdict_targets_maximum') * 10) }}
    ) as numbers
    where verdicts.decision = 'WAIT' and verdicts.order_count > 0
),

first_steps as (
    select
        channel,
        ad_id,
        min(step_number) as step_number
    from steps
    where
        pays_then >= {{ var('creative_winner_ratio') }}
        or pays_then <= {{ var('creative_kill_ratio') }}
    group by channel, ad_id
),

final as (
    select
        ads.channel,
        ads.ad_id,
        ads.ad_name,
        ads.attribution_model,
        case when ads.lack is not null then 'INSUFFICIENT_DATA' else verdicts.decision end
            as decision,
        case
            when ads.lack is not null then ads.lack
            when verdicts.decision = 'WINNER' then 'orders probably cost less than they may'
            when verdicts.decision = 'KILL' then 'orders probably cost more than they may'
            else 'it may pay or not'
        end as decision_reason,
        'E1' as evidence_level,
        'pending' as approval_status,
        ads.order_count,
        ads.spend_amount,
        ads.cm3_amount,
        ads.target_cost_per_order_amount,
        {{ amount_per('ads.spend_amount', 'ads.order_count') }} as cost_per_order_amount,
        case
            when verdicts.ad_id is not null
                then cast(
                    cast(ads.target_cost_per_order_amount as {{ type_double() }})
                    * (1 + verdicts.spent_targets)
                    / {{ rate_bound('verdicts.order_number', var('threshold_interval_z'), 1) }}
                    as decimal(18, 4)
                )
        end as cost_per_order_low_amount,
        case
            when verdicts.ad_id is not null
                then cast(
                    cast(ads.target_cost_per_order_amount as {{ type_double() }})
                    * (1 + verdicts.spent_targets)
                    / {{ rate_bound('verdicts.order_number', var('threshold_interval_z'), -1) }}
                    as decimal(18, 4)
                )
        end as cost_per_order_high_amount,
        case
            when verdicts.decision in ('WINNER', 'KILL') then cast(0 as decimal(18, 4))
            when verdicts.decision = 'WAIT' and ads.order_count = 0
                then cast(
                    cast(ads.target_cost_per_order_amount as {{ type_double() }})
                    * (-ln({{ var('creative_kill_ratio') }}) - 1)
                    - cast(ads.spend_amount as {{ type_double() }}) as decimal(18, 4)
                )
            when verdicts.decision = 'WAIT'
                then cast(
                    ads.target_cost_per_order_amount * first_steps.step_number / 10
                    as decimal(18, 4)
                )
        end as spend_to_verdict_amount,
        verdicts.pays_ratio
    from ads
    left join verdicts
        on ads.channel = verdicts.channel
        and ads.ad_id = verdicts.ad_id
    left join first_steps
        on ads.channel = first_steps.channel
        and ads.ad_id = first_steps.ad_id
)

select * from final
