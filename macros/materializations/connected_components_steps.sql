{# The statements of the materialization beside this file, one macro a step. #}

{# Nodes get dense numbers in the order of their names, so that rounds move integers, not texts, and
   the smallest number of a component is its smallest name. Returns the edges between different
   nodes, each once, smaller number first. #}
{% macro components_dense_edges(edges_sql) -%}
    {%- set nodes = components_step('nodes', 0) -%}
    {%- set named = components_step('edges', 'named') -%}
    {%- do components_create(named, edges_sql) -%}
    {%- do components_create(nodes, components_nodes(named)) -%}
    {%- if components_count(nodes) >= 2147483647 -%}
        {%- do exceptions.raise_compiler_error(this ~ ": more than 2^31 - 2 nodes.") -%}
    {%- endif -%}
    {{ return(components_numbered(named, nodes)) }}
{%- endmacro %}

{% macro components_nodes(named) -%}
    select
        row_number() over (order by node) - 1 as label,
        node
    from (
        select left_node as node from {{ named }} where left_node is not null
        union
        select right_node as node from {{ named }} where right_node is not null
    ) as named_nodes
{%- endmacro %}

{% macro components_numbered(named, nodes) -%}
    select distinct
        least(left_nodes.label, right_nodes.label) as low,
        greatest(left_nodes.label, right_nodes.label) as high
    from {{ named }} as named
    inner join {{ nodes }} as left_nodes on named.left_node = left_nodes.node
    inner join {{ nodes }} as right_nodes on named.right_node = right_nodes.node
    where left_nodes.label <> right_nodes.label
{%- endmacro %}

{# One round: edges_k to map_k (every node and where it goes) and edges_k+1. From here on a node is
   known by its label of this round. #}
{% macro components_contract(round) -%}
    {%- set edges = components_step('edges', round) -%}
    {%- set nearest = components_step('map', 'nearest') -%}
    {%- set map = components_step('map', round) -%}
    {%- do components_create(nearest, components_nearest(edges, round)) -%}
    {%- do components_create(map, components_jumped(nearest)) -%}
    {%- do components_create(components_step('edges', round + 1), components_kept(edges, map)) -%}
    {%- do components_drop(nearest) -%}
    {%- do components_drop(edges) -%}
{%- endmacro %}

{# node: label of the round before; label: of this round; target: smallest in the neighbourhood. #}
{% macro components_nearest(edges, round) -%}
    select
        node,
        {{ order_label('node', round) }} as label,
        least({{ order_label('node', round) }}, min({{ order_label('neighbour', round) }})) as target
    from (
        select low as node, high as neighbour from {{ edges }}
        union all
        select high as node, low as neighbour from {{ edges }}
    ) as directed
    group by node
{%- endmacro %}

{% macro components_jumped(nearest) -%}
    select
        near.node,
        far.target
    from {{ nearest }} as near
    inner join {{ nearest }} as far on near.target = far.label
{%- endmacro %}

{% macro components_kept(edges, map) -%}
    select distinct
        least(low_map.target, high_map.target) as low,
        greatest(low_map.target, high_map.target) as high
    from {{ edges }} as edges
    inner join {{ map }} as low_map on edges.low = low_map.node
    inner join {{ map }} as high_map on edges.high = high_map.node
    where low_map.target <> high_map.target
{%- endmacro %}

{# From the smallest map back: where each node of round 0 ends. A node that rests from round k on is
   told from one that rests from another round by the offset, as labels of two rounds can be equal.
   Returns the table of roots, or none where there was no edge. #}
{% macro components_compose(rounds) -%}
    {%- set roots = namespace(table=none) -%}
    {%- for round in range(rounds - 1, -1, -1) -%}
        {%- set map = components_step('map', round) -%}
        {%- set composed = components_step('roots', round) -%}
        {%- do components_create(composed, components_composed(map, roots.table, round)) -%}
        {%- do components_drop(map) -%}
        {%- if roots.table is not none -%}
            {%- do components_drop(roots.table) -%}
        {%- endif -%}
        {%- set roots.table = composed -%}
    {%- endfor -%}
    {{ return(roots.table) }}
{%- endmacro %}

{% macro components_composed(map, later, round) -%}
    {%- set resting = "map.target + " ~ (round + 1) ~ " * cast(2147483647 as " ~ dbt.type_bigint() ~ ")" -%}
    select
        map.node,
        {% if later is none %}{{ resting }}{% else %}coalesce(later.root, {{ resting }}){% endif %} as root
    from {{ map }} as map
    {%- if later is not none %}
    left join {{ later }} as later on map.target = later.node
    {%- endif %}
{%- endmacro %}

{# Back to names: a component is called by its smallest node. #}
{% macro components_named(roots) -%}
    {%- set nodes = components_step('nodes', 0) -%}
    {%- if roots is none %}
    select
        node,
        node as component
    from {{ nodes }}
    {%- else %}
    select
        nodes.node,
        coalesce(smallest.node, nodes.node) as component
    from {{ nodes }} as nodes
    left join {{ roots }} as roots on nodes.label = roots.node
    left join (
        select
            root,
            min(node) as label
        from {{ roots }}
        group by root
    ) as components on roots.root = components.root
    left join {{ nodes }} as smallest on components.label = smallest.label
    {%- endif %}
{%- endmacro %}

{# The proof: edges left before each round; the last row has none. #}
{% macro components_prove(target, edges_by_round) -%}
    {%- set proof = target.incorporate(path={'identifier': target.identifier ~ '_rounds'}) -%}
    {%- set rows = [] -%}
    {%- for edges_left in edges_by_round -%}
        {%- do rows.append(
            "select " ~ loop.index0 ~ " as round, cast(" ~ edges_left ~ " as " ~ dbt.type_bigint()
            ~ ") as edges_left, " ~ ("true" if edges_left == 0 else "false") ~ " as converged"
        ) -%}
    {%- endfor -%}
    {%- do components_create(proof, rows | join("\nunion all\n")) -%}
{%- endmacro %}
