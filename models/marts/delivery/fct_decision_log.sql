{# What was recommended, approved, done, and what came of it. Steps come from the ledger's chain, which
   only grows; a plan's hash covers every row it holds, so it is the digest of its inputs. #}

with

as_of as (
    select as_of_at from {{ ref('int_as_of') }}
),

plans as (
    select
        *,
        replace({{ dbt.split_part('object_name', "'/'", 2) }}, 'held_back_', '') as object_segment
    from {{ ref('stg_ledger__plans') }}
),

segments as (
    select segment from {{ ref('segments') }}
),

signatures as (
    select
        plan_hash,
        {{ dbt.listagg('actor', "'|'", 'order by ledger_sequence') }} as approved_by,
        max(case when step_kind = 'standing_use' then 1 else 0 end) as standing_count,
        max(recorded_at) as approved_at
    from {{ ref('stg_ledger__decision_steps') }}
    where step_kind in ('approval', 'standing_use')
    group by plan_hash
),

steps as (
    select
        plan_hash,
        max(case when step_kind = 'cancel' then 1 else 0 end) as cancel_count,
        max(case when step_kind = 'delivery_end' and step_reason = 'done' then 1 else 0 end)
            as done_count,
        min(case when step_kind = 'delivery_start' then recorded_at end) as started_at,
        max(case when step_kind = 'delivery_end' then recorded_at end) as ended_at
    from {{ ref('stg_ledger__decision_steps') }}
    group by plan_hash
),

answers as (
    select
        plan_hash,
        sum(case when is_accepted then 1 else 0 end) as accepted_count,
        sum(case when is_accepted then 0 else 1 end) as refused_count
    from {{ ref('fct_deliveries') }}
    where plan_hash is not null
    group by plan_hash
),

lifts as (
    select * from {{ ref('fct_segment_lift') }}
),

deliveries as (
    select
        'delivery:' || plans.plan_hash as decision_id,
        'delivery' as decision_kind,
        plans.destination || '/' || plans.object_name as subject,
        segments.segment,
        'add ' || cast(plans.add_count as {{ dbt.type_string() }})
        || ', update ' || cast(plans.update_count as {{ dbt.type_string() }})
        || ', remove ' || cast(plans.remove_count as {{ dbt.type_string() }}) as recommendation,
        cast(null as {{ dbt.type_string() }}) as recommendation_reason,
        plans.plan_hash as input_hash,
        cast(null as {{ dbt.type_string() }}) as evidence_level,
        case
            when steps.cancel_count = 1 then 'cancelled'
            when signatures.plan_hash is null then 'pending'
            when signatures.standing_count = 1 then 'standing'
            else 'approved'
        end as approval_status,
        signatures.approved_by,
        case
            when steps.started_at is null then 'not started'
            when steps.done_count = 1 then 'done'
            when steps.ended_at is null then 'under way'
            else 'stopped'
        end as delivery_status,
        case
            when steps.started_at is null then 'not done'
            when segments.segment is null then 'not measurable'
            when lifts.lift_low_amount is not null then 'measured'
            when lifts.segment is not null then 'not measurable'
            else 'too early'
        end as outcome_status,
        plans.add_count + plans.update_count + plans.remove_count as recommended_count,
        coalesce(answers.accepted_count, 0) as accepted_count,
        coalesce(answers.refused_count, 0) as refused_count,
        lifts.lift_amount as outcome_amount,
        lifts.lift_low_amount as outcome_low_amount,
        lifts.lift_high_amount as outcome_high_amount,
        plans.planned_at as recommended_at,
        signatures.approved_at,
        steps.started_at,
        steps.ended_at
    from plans
    left join signatures
        on plans.plan_hash = signatures.plan_hash
    left join steps
        on plans.plan_hash = steps.plan_hash
    left join answers
        on plans.plan_hash = answers.plan_hash
    left join segments
        on plans.object_segment = segments.segment
    left join lifts
        on segments.segment = lifts.segment
        and cast({{ dbt.date_trunc('month', 'steps.started_at') }} as date) = lifts.entry_month
),

{%- set media_inputs = [
    'threshold_id', 'decision', 'spend_amount', 'credited_order_count',
    'credited_cm2_expected_amount', 'conversion_low_ratio', 'conversion_high_ratio',
    'window_from_date', 'window_to_date',
] %}
media as (
    select
        {{ row_hash(media_inputs) }} as input_hash,
        {{ concat_text(['channel', 'campaign_id', 'ad_id'], '/') }} as subject,
        cast(null as {{ dbt.type_string() }}) as segment,
        'media' as decision_kind,
        decision as recommendation,
        decision_reason as recommendation_reason,
        'E1' as evidence_level
    from {{ ref('fct_channel_thresholds') }}
    where decision <> 'INSUFFICIENT_DATA'
),

{%- set segment_inputs = [
    'segment', 'entry_month', 'treated_count', 'held_back_count', 'lift_low_amount',
    'lift_high_amount', 'send_cost_amount',
] %}
stops as (
    select
        {{ row_hash(segment_inputs) }} as input_hash,
        {{ concat_text(['segment', 'entry_month'], '/') }} as subject,
        segment,
        'segment' as decision_kind,
        'stop sending' as recommendation,
        'two months below its cost' as recommendation_reason,
        'E4' as evidence_level
    from lifts
    where decision = 'kill'
),

advice as (
    select * from media
    union all
    select * from stops
),

final as (
    select
        decision_id,
        decision_kind,
        subject,
        segment,
        recommendation,
        recommendation_reason,
        input_hash,
        evidence_level,
        approval_status,
        approved_by,
        delivery_status,
        outcome_status,
        cast(recommended_count as {{ dbt.type_bigint() }}) as recommended_count,
        cast(accepted_count as {{ dbt.type_bigint() }}) as accepted_count,
        cast(refused_count as {{ dbt.type_bigint() }}) as refused_count,
        outcome_amount,
        outcome_low_amount,
        outcome_high_amount,
        recommended_at,
        approved_at,
        started_at,
        ended_at
    from deliveries
    union all
    select
        advice.decision_kind || ':' || advice.input_hash as decision_id,
        advice.decision_kind,
        advice.subject,
        advice.segment,
        advice.recommendation,
        advice.recommendation_reason,
        advice.input_hash,
        advice.evidence_level,
        'pending' as approval_status,
        cast(null as {{ dbt.type_string() }}) as approved_by,
        cast(null as {{ dbt.type_string() }}) as delivery_status,
        'not done' as outcome_status,
        cast(null as {{ dbt.type_bigint() }}) as recommended_count,
        cast(null as {{ dbt.type_bigint() }}) as accepted_count,
        cast(null as {{ dbt.type_bigint() }}) as refused_count,
        cast(null as decimal(18, 4)) as outcome_amount,
        cast(null as decimal(18, 4)) as outcome_low_amount,
        cast(null as decimal(18, 4)) as outcome_high_amount,
        as_of.as_of_at as recommended_at,
        cast(null as {{ dbt.type_timestamp() }}) as approved_at,
        cast(null as {{ dbt.type_timestamp() }}) as started_at,
        cast(null as {{ dbt.type_timestamp() }}) as ended_at
    from advice
    cross join as_of
)

select * from final
