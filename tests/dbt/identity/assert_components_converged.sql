{{ config(group='identity') }}
-- The proof of each last run ends with no edge left, and no edge joins two components.
{%- set runs = [
    ref('int_identity_strong_components'),
    ref('int_identity_weak_components'),
    ref('int_identity_components'),
] %}
with

last_rounds as (
    {%- for components in runs %}
        select
            '{{ components.identifier }}' as run_name,
            sum(case when converged then 1 else 0 end) as converged_count
        from {{ components.incorporate(path={'identifier': components.identifier ~ '_rounds'}) }}
        {{ 'union all' if not loop.last }}
    {%- endfor %}
),

unfinished as (
    select run_name || ' has no converged round' as finding
    from last_rounds
    where coalesce(converged_count, 0) <> 1
),

torn as (
    select 'an edge joins two components: ' || edges.left_node as finding
    from {{ ref('int_identity_edges') }} as edges
    inner join {{ ref('int_identity_components') }} as left_components
        on edges.left_node = left_components.node
    inner join {{ ref('int_identity_components') }} as right_components
        on edges.right_node = right_components.node
    where left_components.component <> right_components.component
)

select finding from unfinished
union all
select finding from torn
