{# How a table of components takes changed edges, one macro a statement.

   An added edge joins the components of its ends, so its ends are lifted to their components' names
   and only those names are contracted. A removed edge tears its component: that one is forgotten,
   and its remaining edges are contracted again beside the added ones. #}

{# Creates the table built, returns how many edges each round found. #}
{% macro components_merge(plan) -%}
    {%- set torn = components_step('torn') -%}
    {%- set ends = components_step('ends') -%}
    {%- set lifted = components_step('lifted') -%}
    {%- set merged = components_step('merged') -%}
    {%- set is_torn = plan.removed > 0 -%}
    {%- if is_torn -%}
        {%- do components_create(torn, components_torn()) -%}
    {%- endif -%}
    {%- do components_create(ends, components_ends(is_torn)) -%}
    {%- do components_create(lifted, components_lifted(is_torn)) -%}
    {%- set edges_by_round = components_contract(lifted, merged) -%}
    {%- do components_create(components_step('built'), components_rebuilt(is_torn)) -%}
    {%- for step in [torn, ends, lifted, merged] -%}
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
{% macro components_ends(is_torn) -%}
    select
        nodes.node,
        nodes.component
    from (
        select low as node from {{ components_step('added') }}
        union
        select high as node from {{ components_step('added') }}
    ) as added
    inner join {{ this }} as nodes on added.node = nodes.node
    {%- if is_torn %}
    left join {{ components_step('torn') }} as torn on added.node = torn.node
    where torn.node is null
    {%- endif %}
{%- endmacro %}

{% macro components_lifted(is_torn) -%}
    {%- set ends = components_step('ends') -%}
    select
        least(coalesce(low_ends.component, added.low), coalesce(high_ends.component, added.high)) as low,
        greatest(coalesce(low_ends.component, added.low), coalesce(high_ends.component, added.high)) as high
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

{# The components that stand, under their new names, then the nodes that are new or were torn. #}
{% macro components_rebuilt(is_torn) -%}
    {%- set merged = components_step('merged') -%}
    select
        nodes.node,
        coalesce(merged.component, nodes.component) as component
    from {{ this }} as nodes
    left join {{ merged }} as merged on nodes.component = merged.node
    {%- if is_torn %}
    left join (
        select component from {{ components_step('torn') }} group by component
    ) as torn on nodes.component = torn.component
    where torn.component is null
    {%- endif %}
    union all
    select
        merged.node,
        merged.component
    from {{ merged }} as merged
    left join (
        select component from {{ components_step('ends') }} group by component
    ) as standing on merged.node = standing.component
    where standing.component is null
{%- endmacro %}
