{{ config(access='private') }}

{# Steps of paths from state to state, counted per replicate. A path begins at (start) and ends at
   (ordered) or (lost); an open one has not ended and tells nothing yet. #}

with

path_touches as (
    select * from {{ ref('int_path_touches') }}
    where is_in_path and path_outcome in ('ordered', 'lost')
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
        visitor_id,
        customer_type,
        from_state,
        to_state,
        count(*) as step_count
    from steps
    group by visitor_id, customer_type, from_state, to_state
),

final as (
    select
        replicates.replicate,
        visitor_steps.customer_type,
        visitor_steps.from_state,
        visitor_steps.to_state,
        cast(sum(replicates.visitor_weight * visitor_steps.step_count) as {{ dbt.type_bigint() }})
            as step_count
    from visitor_steps
    inner join replicates
        on visitor_steps.visitor_id = replicates.visitor_id
    group by
        replicates.replicate, visitor_steps.customer_type, visitor_steps.from_state,
        visitor_steps.to_state
)

select * from final
