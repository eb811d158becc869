{# How a table of edges becomes a table of components, one macro a statement. #}

{# edges: low, high. Creates result: node, component. Returns how many edges each round found. #}
{% macro components_contract(edges, result) -%}
    {%- set max_rounds = config.get('max_rounds', 60) -%}
    {%- set nearest = components_step('nearest') -%}
    {%- set map = components_step('map_0') -%}
    {%- set lowest = components_step('lowest') -%}
    {%- set named = components_step('named') -%}
    {%- do components_create(nearest, components_nearest_names(edges)) -%}
    {%- do components_create(map, components_jumped_names(nearest)) -%}
    {%- do components_create(lowest, components_lowest(edges, nearest)) -%}
    {%- do components_drop(nearest) -%}
    {%- do components_create(named, components_kept_names(edges, map)) -%}
    {%- set edges_by_round = [
        components_count(edges, "low <> high"), components_count(named)
    ] -%}
    {%- if edges_by_round[0] == 0 -%}
        {%- do edges_by_round.pop() -%}
    {%- endif -%}

    {%- set merged = none -%}
    {%- if edges_by_round[-1] > 0 -%}
        {%- do components_number(named) -%}
        {%- for _ in range(max_rounds - 1) -%}
            {%- if edges_by_round[-1] > 0 -%}
                {%- set round = edges_by_round | length - 1 -%}
                {%- do components_contract_once(round) -%}
                {%- do edges_by_round.append(
                    components_count(components_step('edges_' ~ (round + 1)))
                ) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if edges_by_round[-1] > 0 -%}
            {%- do components_give_up(edges_by_round) -%}
        {%- endif -%}
        {%- set merged = components_compose(edges_by_round | length - 1) -%}
    {%- endif -%}
    {%- do components_create(result, components_named(map, lowest, merged)) -%}
    {%- for kind in ['map_0', 'lowest', 'named', 'numbers', 'roots_1'] -%}
        {%- do components_drop(components_step(kind)) -%}
    {%- endfor -%}
    {%- do components_drop(components_step('edges_' ~ (edges_by_round | length - 1))) -%}
    {{ return(edges_by_round) }}
{%- endmacro %}

{% macro components_give_up(edges_by_round) -%}
    {%- for kind in ['edges', 'added', 'removed', 'lowest', 'named', 'numbers'] -%}
        {%- do components_drop(components_step(kind)) -%}
    {%- endfor -%}
    {%- for round in range(edges_by_round | length) -%}
        {%- do components_drop(components_step('edges_' ~ round)) -%}
        {%- do components_drop(components_step('map_' ~ round)) -%}
    {%- endfor -%}
    {%- do exceptions.raise_compiler_error(
        this ~ " did not converge: " ~ edges_by_round[-1] ~ " edges are left after "
        ~ (edges_by_round | length - 1) ~ " rounds. Raise max_rounds."
    ) -%}
{%- endmacro %}

{# Round 0 is most of the work, so it follows each edge one way only: from the greater name to the
   smaller. A node that is never the greater one is the smallest of its neighbourhood and stays. #}
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
{% macro components_number(named) -%}
    {%- set numbers = components_step('numbers') -%}
    {%- do components_create(numbers, components_numbers(named)) -%}
    {%- if components_count(numbers) >= 2147483647 -%}
        {%- do exceptions.raise_compiler_error(
            this ~ ": more than 2^31 - 2 nodes are left after the first round."
        ) -%}
    {%- endif -%}
    {%- do components_create(components_step('edges_1'), components_numbered(named, numbers)) -%}
    {%- do components_drop(named) -%}
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

{# One round: edges_k to map_k (every node and where it goes) and edges_k+1. From here on a node is
   known by its label of this round. #}
{% macro components_contract_once(round) -%}
    {%- set edges = components_step('edges_' ~ round) -%}
    {%- set nearest = components_step('nearest') -%}
    {%- set map = components_step('map_' ~ round) -%}
    {%- do components_create(nearest, components_nearest(edges, round)) -%}
    {%- do components_create(map, components_jumped(nearest)) -%}
    {%- do components_create(components_step('edges_' ~ (round + 1)), components_kept(edges, map)) -%}
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
    {%- for round in range(rounds - 1, 0, -1) -%}
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
{% macro components_named(map, lowest, roots) -%}
    {%- set numbers = components_step('numbers') -%}
    {%- if roots is none %}
    select
        node,
        target as component
    from {{ map }}
    union all
    select
        node,
        node as component
    from {{ lowest }}
    {%- else %}
    select
        targets.node,
        coalesce(merged.component, targets.target) as component
    from (
        select
            node,
            target
        from {{ map }}
        union all
        select
            node,
            node as target
        from {{ lowest }}
    ) as targets
    left join (
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
    ) as merged on targets.target = merged.node
    {%- endif %}
{%- endmacro %}
