{# How a table of edges becomes a table of components, one macro a statement. #}

{# edges: low, high. Creates result: node, component. Returns how many edges each round found.
   Rounds 0 and 1 work on names, as few edges are left to be numbered after them. #}
{% macro components_contract(edges, result) -%}
    {%- set max_rounds = config.get('max_rounds', 60) -%}
    {%- set edges_by_round = [components_count(edges, "low <> high")] -%}
    {%- do components_contract_names(edges, 0, edges_by_round) -%}
    {%- set merged = none -%}
    {%- if edges_by_round[-1] > 0 -%}
        {%- do components_contract_names(components_step('names_1'), 1, edges_by_round) -%}
        {%- set merged = components_step('renames') -%}
    {%- endif -%}
    {%- set roots = none -%}
    {%- if edges_by_round[-1] > 0 -%}
        {%- do components_number() -%}
        {%- for round in range(2, max_rounds) -%}
            {%- if edges_by_round[-1] > 0 -%}
                {%- do components_contract_once(round) -%}
                {%- do edges_by_round.append(
                    components_count(components_step('edges_' ~ (round + 1)))
                ) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if edges_by_round[-1] > 0 -%}
            {%- do components_give_up(edges_by_round) -%}
        {%- endif -%}
        {%- set roots = components_compose(edges_by_round | length - 1) -%}
        {%- do components_create(components_step('merged_numbers'), components_merged(roots)) -%}
    {%- endif -%}
    {%- if merged is not none -%}
        {%- do components_create(merged, components_renames(roots is not none)) -%}
    {%- endif -%}
    {%- do components_create(result, components_named(merged)) -%}
    {%- do components_drop_steps(edges_by_round | length) -%}
    {{ return(edges_by_round) }}
{%- endmacro %}

{% macro components_contract_names(edges, round, edges_by_round) -%}
    {%- set nearest = components_step('nearest') -%}
    {%- set map = components_step('map_' ~ round) -%}
    {%- set left = components_step('names_' ~ (round + 1)) -%}
    {%- do components_create(nearest, components_nearest_names(edges)) -%}
    {%- do components_create(map, components_jumped_names(nearest)) -%}
    {%- if round == 0 -%}
        {%- do components_create(components_step('lowest'), components_lowest(edges, nearest)) -%}
    {%- endif -%}
    {%- do components_drop(nearest) -%}
    {%- do components_create(left, components_kept_names(edges, map)) -%}
    {%- if edges_by_round[-1] > 0 -%}
        {%- do edges_by_round.append(components_count(left)) -%}
    {%- endif -%}
{%- endmacro %}

{% macro components_give_up(edges_by_round) -%}
    {%- do components_drop_steps(edges_by_round | length) -%}
    {%- for kind in ['edges', 'added', 'removed'] -%}
        {%- do components_drop(components_step(kind)) -%}
    {%- endfor -%}
    {%- do exceptions.raise_compiler_error(
        this ~ " did not converge: " ~ edges_by_round[-1] ~ " edges are left after "
        ~ (edges_by_round | length - 1) ~ " rounds. Raise max_rounds."
    ) -%}
{%- endmacro %}

{% macro components_drop_steps(rounds) -%}
    {%- for kind in [
        'lowest', 'names_1', 'names_2', 'numbers', 'merged_numbers', 'renames', 'roots_2'
    ] -%}
        {%- do components_drop(components_step(kind)) -%}
    {%- endfor -%}
    {%- for round in range(rounds) -%}
        {%- do components_drop(components_step('map_' ~ round)) -%}
        {%- do components_drop(components_step('edges_' ~ (round + 1))) -%}
    {%- endfor -%}
{%- endmacro %}

{# The first rounds are most of the work, so they follow each edge one way only: from the greater
   name to the smaller. A node that is never the greater one is the smallest of its neighbourhood
   and stays. #}
{% macro components_nearest_names(edges) -%}
    select
        high as node,
        min(low) as target
    from {{ edges }}
    where low <> high
    group by high
{%- endmacro %}

{% macro components_jumped_names(nearest) -%}
    select
        near.node,
        coalesce(far.target, near.target) as target
    from {{ nearest }} as near
    left join {{ nearest }} as far on near.target = far.node
{%- endmacro %}

{% macro components_lowest(edges, nearest) -%}
    select edges.low as node
    from {{ edges }} as edges
    left join {{ nearest }} as near on edges.low = near.node
    where near.node is null
    group by edges.low
{%- endmacro %}

{% macro components_kept_names(edges, map) -%}
    select
        least(coalesce(low_map.target, edges.low), high_map.target) as low,
        greatest(coalesce(low_map.target, edges.low), high_map.target) as high
    from {{ edges }} as edges
    inner join {{ map }} as high_map on edges.high = high_map.node
    left join {{ map }} as low_map on edges.low = low_map.node
    where coalesce(low_map.target, edges.low) <> high_map.target
    group by 1, 2
{%- endmacro %}

{# The nodes that are left get dense numbers in the order of their names, so that rounds move small
   integers and the smallest number of a component is its smallest name. #}
{% macro components_number() -%}
    {%- set named = components_step('names_2') -%}
    {%- set numbers = components_step('numbers') -%}
    {%- do components_create(numbers, components_numbers(named)) -%}
    {%- if components_count(numbers) >= 2147483647 -%}
        {%- do exceptions.raise_compiler_error(
            this ~ ": more than 2^31 - 2 nodes are left after two rounds."
        ) -%}
    {%- endif -%}
    {%- do components_create(components_step('edges_2'), components_numbered(named, numbers)) -%}
{%- endmacro %}

{% macro components_numbers(named) -%}
    select
        row_number() over (order by node) - 1 as label,
        node
    from (
        select low as node from {{ named }}
        union
        select high as node from {{ named }}
    ) as named_nodes
{%- endmacro %}

{% macro components_numbered(named, numbers) -%}
    select
        low_numbers.label as low,
        high_numbers.label as high
    from {{ named }} as named
    inner join {{ numbers }} as low_numbers on named.low = low_numbers.node
    inner join {{ numbers }} as high_numbers on named.high = high_numbers.node
{%- endmacro %}

{# One round on numbers: edges_k to map_k (every node and where it goes) and edges_k+1. From here on
   a node is known by its label of this round. #}
{% macro components_contract_once(round) -%}
    {%- set edges = components_step('edges_' ~ round) -%}
    {%- set nearest = components_step('nearest') -%}
    {%- set map = components_step('map_' ~ round) -%}
    {%- do components_create(nearest, components_nearest(edges, round)) -%}
    {%- do components_create(map, components_jumped(nearest)) -%}
    {%- set left = components_step('edges_' ~ (round + 1)) -%}
    {%- do components_create(left, components_kept(edges, map)) -%}
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

{# From the smallest map back: where each numbered node ends. A node that rests from round k on is
   told from one that rests from another round by the offset, as labels of two rounds can be equal.
   Returns the table of roots. #}
{% macro components_compose(rounds) -%}
    {%- set roots = namespace(table=none) -%}
    {%- for round in range(rounds - 1, 1, -1) -%}
        {%- set map = components_step('map_' ~ round) -%}
        {%- set composed = components_step('roots_' ~ round) -%}
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

{# Back to names: a component is called by its smallest node, which no round ever moved. #}
{% macro components_merged(roots) -%}
    {%- set numbers = components_step('numbers') -%}
    select
        numbers.node,
        smallest.node as component
    from {{ roots }} as roots
    inner join {{ numbers }} as numbers on roots.node = numbers.label
    inner join (
        select
            root,
            min(node) as label
        from {{ roots }}
        group by root
    ) as components on roots.root = components.root
    inner join {{ numbers }} as smallest on components.label = smallest.label
    where roots.node <> components.label
{%- endmacro %}

{# What round 1 and all later ones made of a name that round 0 left. A name that is in map_1 went to
   its target, whatever became of those that went to it. #}
{% macro components_renames(has_merged) -%}
    {%- set map = components_step('map_1') -%}
    {%- set merged = components_step('merged_numbers') -%}
    {%- if has_merged %}
    select
        map.node,
        coalesce(merged.component, map.target) as component
    from {{ map }} as map
    left join {{ merged }} as merged on map.target = merged.node
    union all
    select
        merged.node,
        merged.component
    from {{ merged }} as merged
    left join {{ map }} as map on merged.node = map.node
    where map.node is null
    {%- else %}
    select
        node,
        target as component
    from {{ map }}
    {%- endif %}
{%- endmacro %}

{% macro components_named(renames) -%}
    {%- set targets %}
    select
        node,
        target
    from {{ components_step('map_0') }}
    union all
    select
        node,
        node as target
    from {{ components_step('lowest') }}
    {%- endset -%}
    {%- set component = "coalesce(renames.component, targets.target)" -%}
    select
        targets.node,
        {{ "targets.target" if renames is none else component }} as component
    from ({{ targets }}) as targets
    {%- if renames is not none %}
    left join {{ renames }} as renames on targets.target = renames.node
    {%- endif %}
{%- endmacro %}
