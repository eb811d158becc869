{{ config(access='private') }}

{# Steps of paths from state to state, counted per replicate. A path begins at (start) and ends at
   (ordered) or (lost); an open one has not ended and tells nothing yet. #}

with

path_touches as (
    select * from {{ ref('int_path_touches') }}
    where is_in_path and path_outcome in ('ordered', 'lost')
),

visitors as (
    select * from {{ ref('int_visitors') }}
),

replicates as (
    select * from {{ ref('int_replicates') }}
),

steps as (
    select
        visitor_id,
        customer_type,
        coalesce(
            lag(channel) over (partition by path_id order by path_place), '(start)'
        ) as from_state,
        channel as to_state
    from path_touches
    union all
    select
        visitor_id,
        customer_type,
        channel as from_state,
        case when path_outcome = 'ordered' then '(ordered)' else '(lost)' end as to_state
    from path_touches
    where path_place = path_length
),

visitor_steps as (
    select
        visitors.visitor_number,
        steps.customer_type,
        steps.from_state,
        steps.to_state,
        cast(count(*) as integer) as step_count
    from steps
    inner join visitors
        on steps.visitor_id = visitors.visitor_id
    group by
        visitors.visitor_number, steps.customer_type, steps.from_state, steps.to_state
),

{# Numbered, because the join with the replicates is long and its keys should be short. #}
transitions as (
    select
        customer_type,
        from_state,
        to_state,
        cast(row_number() over (order by customer_type, from_state, to_state) as integer)
            as transition_number
    from visitor_steps
    group by customer_type, from_state, to_state
),

numbered_steps as (
    select
        visitor_steps.visitor_number,
        visitor_steps.step_count,
        transitions.transition_number
    from visitor_steps
    inner join transitions
        on visitor_steps.customer_type = transitions.customer_type
        and visitor_steps.from_state = transitions.from_state
        and visitor_steps.to_state = transitions.to_state
),

drawn as (
    select
        replicates.replicate,
        numbered_steps.transition_number,
        sum(replicates.visitor_weight * numbered_steps.step_count) as step_count
    from numbered_steps
    inner join replicates
        on numbered_steps.visitor_number = replicates.visitor_number
    group by replicates.replicate, numbered_steps.transition_number
),

final as (
    select
        drawn.replicate,
        transitions.customer_type,
        transitions.from_state,
        transitions.to_state,
        cast(drawn.step_count as {{ dbt.type_bigint() }}) as step_count
    from drawn
    inner join transitions
        on drawn.transition_number = transitions.transition_number
)

select * from final
