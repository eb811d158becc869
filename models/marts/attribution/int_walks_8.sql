{{ config(access='private') }}

{# Walks through channels of up to 8 steps. The chain has order 1: where a visitor goes next depends
   on where she is. #}

with

transitions as (
    select * from {{ ref('int_transitions') }}
),

shares as (
    select
        replicate,
        customer_type,
        from_state,
        to_state,
        cast(step_count as {{ type_double() }})
        / sum(step_count) over (partition by replicate, customer_type, from_state) as step_ratio
    from transitions
),

single_steps as (
    select
        replicate,
        customer_type,
        from_state,
        to_state,
        cast(0 as {{ type_double() }}) as visit_count,
        step_ratio
    from shares
    where to_state not in ('(ordered)', '(lost)')
    union all
    select
        replicate,
        customer_type,
        from_state,
        from_state as to_state,
        cast(1 as {{ type_double() }}) as visit_count,
        cast(0 as {{ type_double() }}) as step_ratio
    from shares
    group by replicate, customer_type, from_state
),

walks as (
    select
        replicate,
        customer_type,
        from_state,
        to_state,
        sum(visit_count) as visit_count,
        sum(step_ratio) as step_ratio
    from single_steps
    group by replicate, customer_type, from_state, to_state
),

doubled as (
    {{ doubled_walks('walks', ['replicate', 'customer_type'], 3) }}
)

select * from doubled
