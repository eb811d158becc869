{# What suppressing cost, measured: profiles kept at random beside those suppressed with them. Every
   profile brings the CM2 of its customer's orders of 30 days from the decision. The interval is the
   normal one of a difference of means, 90 % between the bounds. Too few orders tell nothing. #}

{%- set z = 1.644854 %}

with

as_of as (
    select * from {{ ref('int_as_of') }}
),

rules as (
    select * from {{ ref('int_list_rules') }}
),

decisions as (
    select
        *,
        source_relation || ':' || klaviyo_profile_id as profile_id
    from {{ ref('stg_lists__decisions') }}
    where decision in ('suppress', 'keep_as_holdout')
),

profiles as (
    select
        profile_id,
        customer_id
    from {{ ref('int_list_profiles') }}
),

orders as (
    select
        customer_id,
        cm2_expected_amount,
        ordered_at
    from {{ ref('fct_order_margin') }}
    where customer_id is not null and order_scope = 'dtc' and not is_cancelled
),

outcomes as (
    select
        decisions.source_relation || ':' || decisions.decision_batch as decision_batch,
        decisions.decision,
        decisions.profile_id,
        decisions.expected_value_amount,
        decisions.decided_at,
        count(orders.customer_id) as order_count,
        cast(coalesce(sum(orders.cm2_expected_amount), 0) as decimal(18, 4)) as cm2_amount
    from decisions
    cross join as_of
    left join profiles
        on decisions.profile_id = profiles.profile_id
    left join orders
        on profiles.customer_id = orders.customer_id
        and orders.ordered_at >= decisions.decided_at
        and orders.ordered_at < {{ dbt.dateadd('day', 30, 'decisions.decided_at') }}
    where {{ dbt.dateadd('day', 30, 'decisions.decided_at') }} <= as_of.as_of_at
    group by 1, 2, 3, 4, 5
),

arms as (
    select
        decision_batch,
        decision,
        count(*) as profile_count,
        sum(order_count) as order_count,
        sum(cm2_amount) as cm2_amount,
        sum(cast(cm2_amount * cm2_amount as decimal(28, 4))) as cm2_squares,
        sum(expected_value_amount) as expected_value_amount,
        min(decided_at) as decided_at
    from outcomes
    group by decision_batch, decision
),

means as (
    select
        *,
        cast(cm2_amount as {{ type_double() }}) / profile_count as mean_amount,
        (
            cast(cm2_squares as {{ type_double() }})
            - cast(cm2_amount as {{ type_double() }}) * cast(cm2_amount as {{ type_double() }})
            / profile_count
        ) / nullif(profile_count - 1, 0) / profile_count as mean_variance
    from arms
),

compared as (
    select
        kept.decision_batch,
        kept.profile_count as kept_count,
        suppressed.profile_count as suppressed_count,
        kept.order_count as kept_order_count,
        suppressed.order_count as suppressed_order_count,
        kept.mean_amount as kept_mean,
        suppressed.mean_amount as suppressed_mean,
        kept.mean_amount - suppressed.mean_amount as lost_mean,
        sqrt(kept.mean_variance + suppressed.mean_variance) as lost_error,
        suppressed.expected_value_amount,
        kept.order_count >= rules.holdout_kept_order_minimum as is_told,
        suppressed.decided_at
    from means as kept
    cross join rules
    inner join means as suppressed
        on kept.decision_batch = suppressed.decision_batch
        and suppressed.decision = 'suppress'
    where kept.decision = 'keep_as_holdout'
),

final as (
    select
        decision_batch,
        case when is_told then 'randomised holdout' else 'too few orders' end as evidence,
        cast(kept_count as {{ dbt.type_bigint() }}) as kept_count,
        cast(suppressed_count as {{ dbt.type_bigint() }}) as suppressed_count,
        cast(kept_order_count as {{ dbt.type_bigint() }}) as kept_order_count,
        cast(suppressed_order_count as {{ dbt.type_bigint() }}) as suppressed_order_count,
        cast(kept_mean as decimal(18, 4)) as kept_mean_amount,
        cast(suppressed_mean as decimal(18, 4)) as suppressed_mean_amount,
        cast(lost_mean * suppressed_count as decimal(18, 4)) as lost_amount,
        cast((lost_mean - {{ z }} * lost_error) * suppressed_count as decimal(18, 4))
            as lost_low_amount,
        cast((lost_mean + {{ z }} * lost_error) * suppressed_count as decimal(18, 4))
            as lost_high_amount,
        cast(expected_value_amount as decimal(18, 4)) as expected_lost_amount,
        cast(case when is_told and kept_mean > 0 then lost_mean / kept_mean end as decimal(9, 6))
            as email_cause_ratio,
        cast(
            case
                when is_told and kept_mean > 0
                    then (lost_mean - {{ z }} * lost_error) / kept_mean
            end
            as decimal(9, 6)
        ) as email_cause_low_ratio,
        cast(
            case
                when is_told and kept_mean > 0
                    then (lost_mean + {{ z }} * lost_error) / kept_mean
            end
            as decimal(9, 6)
        ) as email_cause_high_ratio,
        cast(expected_value_amount as {{ type_double() }})
        between (lost_mean - {{ z }} * lost_error) * suppressed_count
        and (lost_mean + {{ z }} * lost_error) * suppressed_count as is_expectation_inside,
        decided_at
    from compared
)

select * from final
