{{ config(group='identity') }}
-- The proof of the last run ends with no edge left, and no edge joins two components.
{%- set components = ref('int_identity_components') %}
{%- set rounds = components.incorporate(path={'identifier': components.identifier ~ '_rounds'}) %}
with

last_rounds as (
    select
        max(round) as last_round,
        sum(case when converged then 1 else 0 end) as converged_count
    from {{ rounds }}
),

unfinished as (
    select 'the run has no converged round' as finding
    from last_rounds
    where converged_count <> 1
),

torn as (
    select 'an edge joins two components: ' || edges.left_node as finding
    from {{ ref('int_identity_edges') }} as edges
    inner join {{ components }} as left_components on edges.left_node = left_components.node
    inner join {{ components }} as right_components on edges.right_node = right_components.node
    where left_components.component <> right_components.component
)

select finding from unfinished
union all
select finding from torn
