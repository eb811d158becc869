{# How a table of components takes changed edges, one macro a statement.

   An added edge joins the components of its ends, so its ends are lifted to their components' names
   and only those names are contracted. A removed edge tears its component: that one is forgotten,
   and its remaining edges are contracted again beside the added ones. #}

{# Creates renamed, torn and built for components_take_over; returns how many edges each round
   found. #}
{% macro components_merge(plan) -%}
    {%- set ends = components_step('ends') -%}
    {%- set lifted = components_step('lifted') -%}
    {%- set merged = components_step('merged') -%}
    {%- do components_create(components_step('torn'), components_torn()) -%}
    {%- do components_create(ends, components_ends()) -%}
    {%- do components_create(lifted, components_lifted(plan.removed > 0)) -%}
    {%- set edges_by_round = components_contract(lifted, merged) -%}
    {%- do components_create(components_step('renamed'), components_renamed()) -%}
    {%- do components_create(components_step('built'), components_rebuilt()) -%}
    {%- for step in [ends, lifted, merged] -%}
        {%- do components_drop(step) -%}
    {%- endfor -%}
    {{ return(edges_by_round) }}
{%- endmacro %}

{# Every node of a component that lost an edge. #}
{% macro components_torn() -%}
    select
        nodes.node,
        nodes.component
    from {{ this }} as nodes
    inner join (
        select ends.component
        from {{ this }} as ends
        inner join {{ components_step('removed') }} as removed on ends.node = removed.low
        group by ends.component
    ) as components on nodes.component = components.component
{%- endmacro %}

{# The ends of added edges that belong to a component that stands. #}
{% macro components_ends() -%}
    select
        nodes.node,
        nodes.component
    from (
        select low as node from {{ components_step('added') }}
        union
        select high as node from {{ components_step('added') }}
    ) as added
    inner join {{ this }} as nodes on added.node = nodes.node
    left join {{ components_step('torn') }} as torn on added.node = torn.node
    where torn.node is null
{%- endmacro %}

{# The scan of all edges is spared where no component is torn. #}
{% macro components_lifted(is_torn) -%}
    {%- set ends = components_step('ends') -%}
    {%- set low = "coalesce(low_ends.component, added.low)" -%}
    {%- set high = "coalesce(high_ends.component, added.high)" %}
    select
        least({{ low }}, {{ high }}) as low,
        greatest({{ low }}, {{ high }}) as high
    from {{ components_step('added') }} as added
    left join {{ ends }} as low_ends on added.low = low_ends.node
    left join {{ ends }} as high_ends on added.high = high_ends.node
    {%- if is_torn %}
    union all
    select
        past.low,
        past.high
    from {{ components_beside('contracted') }} as past
    inner join {{ components_step('torn') }} as torn on past.low = torn.node
    left join {{ components_step('removed') }} as removed
        on past.low = removed.low and past.high = removed.high
    where removed.low is null
    {%- endif %}
{%- endmacro %}

{# Of the components that stand, those that now have another name. #}
{% macro components_renamed() -%}
    select
        merged.node,
        merged.component
    from {{ components_step('merged') }} as merged
    inner join (
        select component from {{ components_step('ends') }} group by component
    ) as standing on merged.node = standing.component
    where merged.node <> merged.component
{%- endmacro %}

{# Every row that the table gets: nodes of renamed components, then those new or torn. #}
{% macro components_rebuilt() -%}
    select
        nodes.node,
        renamed.component
    from {{ this }} as nodes
    inner join {{ components_step('renamed') }} as renamed on nodes.component = renamed.node
    union all
    select
        merged.node,
        merged.component
    from {{ components_step('merged') }} as merged
    left join (
        select component from {{ components_step('ends') }} group by component
    ) as standing on merged.node = standing.component
    where standing.component is null
{%- endmacro %}

{# Rows are deleted and inserted, as writing all nodes anew costs more than all the rest. #}
{% macro components_take_over() -%}
    {%- do run_query(
        "delete from " ~ this ~ " where component in (select node from "
        ~ components_step('renamed') ~ " union select component from "
        ~ components_step('torn') ~ ")"
    ) -%}
    {%- do run_query(
        "insert into " ~ this ~ " (node, component) select node, component from "
        ~ components_step('built')
    ) -%}
{%- endmacro %}

{# The same for the edges, where the run did not read them all. #}
{% macro components_take_over_edges(edges) -%}
    {%- do run_query(
        "delete from " ~ edges ~ " where (low, high) in (select low, high from "
        ~ components_step('removed') ~ ")"
    ) -%}
    {%- do run_query(
        "insert into " ~ edges ~ " (low, high) select low, high from " ~ components_step('added')
    ) -%}
{%- endmacro %}
