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
    {%- do components_create(ends, components_ends(plan.removed > 0)) -%}
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

{# The ends of added edges that belong to a component that stands. A join that only asks whether
   there is such an end needs no unique ends, which spares a third of the statement. #}
{% macro components_ends(is_torn) -%}
    select
        nodes.node,
        nodes.component
    from {{ this }} as nodes
    {%- if is_torn %}
    left join {{ components_step('torn') }} as torn on nodes.node = torn.node
    {%- endif %}
    where
        nodes.node in (
            select low from {{ components_step('added') }}
            union all
            select high from {{ components_step('added') }}
        )
        {%- if is_torn %}
        and torn.node is null
        {%- endif %}
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

{# Every row that the table gets: nodes that are new or torn. #}
{% macro components_rebuilt() -%}
    select
        merged.node,
        merged.component
    from {{ components_step('merged') }} as merged
    left join (
        select component from {{ components_step('ends') }} group by component
    ) as standing on merged.node = standing.component
    where standing.component is null
{%- endmacro %}

{# Writing all nodes anew costs more than all the rest. What moves with its component is updated in
   one pass; finding, deleting and inserting it took three. #}
{% macro components_take_over(is_torn) -%}
    {%- if is_torn -%}
        {%- do run_query(
            "delete from " ~ this ~ " where component in (select component from "
            ~ components_step('torn') ~ ")"
        ) -%}
    {%- endif -%}
    {%- do run_query(components_rename(components_step('renamed'))) -%}
    {%- do run_query(
        "insert into " ~ this ~ " (node, component) select node, component from "
        ~ components_step('built')
    ) -%}
{%- endmacro %}

{# An update that joins is no standard; where an engine has none a subquery does it. #}
{% macro components_rename(renamed) -%}
    {{ return(adapter.dispatch('components_rename', 'tributary')(renamed)) }}
{%- endmacro %}

{% macro default__components_rename(renamed) -%}
    update {{ this }}
    set component = (
        select renamed.component
        from {{ renamed }} as renamed
        where renamed.node = {{ this }}.component
    )
    where component in (select node from {{ renamed }})
{%- endmacro %}

{% macro duckdb__components_rename(renamed) -%}
    update {{ this }} as nodes
    set component = renamed.component
    from {{ renamed }} as renamed
    where nodes.component = renamed.node
{%- endmacro %}

{% macro postgres__components_rename(renamed) -%}
    {{ return(tributary.duckdb__components_rename(renamed)) }}
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
