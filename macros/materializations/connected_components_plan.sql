{# What a run of connected_components has to do, and how its tables take the old ones' place. #}

{# run: full or incremental. edges: the table of all current edges, none where the model gave its
   changes. added, removed: counts of edges; in the first run all are added. #}
{% macro components_plan(sql) -%}
    {%- set columns = components_columns(sql) -%}
    {%- set is_kept = has_components() -%}
    {%- set current = components_step('edges') -%}
    {%- if 'change' in columns and not is_kept -%}
        {%- do exceptions.raise_compiler_error(
            this ~ " selects changes, but has no table to change."
            ~ " Select all edges unless has_components()."
        ) -%}
    {%- endif -%}
    {%- if 'change' in columns -%}
        {%- do components_take_changes(sql, columns) -%}
    {%- else -%}
        {%- do components_create(current, components_edges(sql)) -%}
        {%- set is_kept = is_kept and components_types(current) == components_types(
            components_beside('contracted')
        ) -%}
        {%- if is_kept -%}
            {%- do components_find_changes(current) -%}
        {%- endif -%}
    {%- endif -%}
    {%- if not is_kept -%}
        {{ return({
            'run': 'full', 'edges': current, 'added': components_count(current), 'removed': 0
        }) }}
    {%- endif -%}

    {%- set added = components_count(components_step('added')) -%}
    {%- set removed = components_count(components_step('removed')) -%}
    {%- set held = components_count(components_beside('contracted')) -%}
    {%- set most = config.get('full_share', 0.2) * held -%}
    {%- set run = 'full' if added + removed > most else 'incremental' -%}
    {%- if 'change' in columns and run == 'incremental' -%}
        {%- set current = none -%}
    {%- elif 'change' in columns -%}
        {%- do components_create(current, components_changed_edges()) -%}
    {%- endif -%}
    {{ return({'run': run, 'edges': current, 'added': added, 'removed': removed}) }}
{%- endmacro %}

{# The model's columns by name, with their types. #}
{% macro components_columns(sql) -%}
    {%- set columns = {} -%}
    {%- for column in get_column_schema_from_query(sql) -%}
        {%- do columns.update({column.name | lower: column.dtype}) -%}
    {%- endfor -%}
    {%- if 'left_node' not in columns or 'right_node' not in columns -%}
        {%- do exceptions.raise_compiler_error(
            this ~ " must select left_node and right_node; it selects "
            ~ columns.keys() | join(', ') ~ "."
        ) -%}
    {%- endif -%}
    {{ return(columns) }}
{%- endmacro %}

{% macro components_types(edges) -%}
    {%- set columns = get_column_schema_from_query("select low, high from " ~ edges) -%}
    {{ return(columns | map(attribute='dtype') | list) }}
{%- endmacro %}

{# Smaller end first. An end that nobody knows leaves the other one alone; least() of a null differs
   from engine to engine. #}
{% macro components_edges(sql, change=false) -%}
    select
        least(coalesce(left_node, right_node), coalesce(right_node, left_node)) as low,
        greatest(coalesce(left_node, right_node), coalesce(right_node, left_node)) as high
        {%- if change %},
        change
        {%- endif %}
    from (
        {{ sql }}
    ) as selected
    where left_node is not null or right_node is not null
{%- endmacro %}

{# One join finds both directions: the edges of one side only. #}
{% macro components_find_changes(current) -%}
    {%- set changed = components_step('changed') -%}
    {%- do components_create(changed, components_difference(current)) -%}
    {%- for change in ['added', 'removed'] -%}
        {%- do components_create(components_step(change), components_changed(changed, change)) -%}
    {%- endfor -%}
    {%- do components_drop(changed) -%}
{%- endmacro %}

{% macro components_difference(current) -%}
    select
        coalesce(present.low, past.low) as low,
        coalesce(present.high, past.high) as high,
        case when past.low is null then 'added' else 'removed' end as change
    from {{ current }} as present
    full outer join {{ components_beside('contracted') }} as past
        on present.low = past.low and present.high = past.high
    where present.low is null or past.low is null
{%- endmacro %}

{% macro components_changed(changed, change) -%}
    select
        low,
        high
    from {{ changed }}
    where change = '{{ change }}'
    group by low, high
{%- endmacro %}

{# Changes are a set: what is there already is not added, what is not there is not removed, so that
   giving the same changes twice is harmless. An edge both added and removed is there. #}
{% macro components_take_changes(sql, columns) -%}
    {%- set selected = components_step('selected') -%}
    {%- do components_create(selected, components_edges(sql, change=true)) -%}
    {%- set known = "change is not null and change in ('added', 'removed')" -%}
    {%- if components_count(selected, "not (" ~ known ~ ")") > 0 -%}
        {%- do components_drop(selected) -%}
        {%- do exceptions.raise_compiler_error(
            this ~ ": change must be 'added' or 'removed' in every row."
        ) -%}
    {%- endif -%}
    {%- do components_create(components_step('added'), components_really_added(selected)) -%}
    {%- do components_create(components_step('removed'), components_really_removed(selected)) -%}
    {%- do components_drop(selected) -%}
{%- endmacro %}

{% macro components_really_added(selected) -%}
    select
        given.low,
        given.high
    from ({{ components_changed(selected, 'added') }}) as given
    left join {{ components_beside('contracted') }} as past
        on given.low = past.low and given.high = past.high
    where past.low is null
{%- endmacro %}

{% macro components_really_removed(selected) -%}
    select
        given.low,
        given.high
    from ({{ components_changed(selected, 'removed') }}) as given
    inner join {{ components_beside('contracted') }} as past
        on given.low = past.low and given.high = past.high
    left join ({{ components_changed(selected, 'added') }}) as added
        on given.low = added.low and given.high = added.high
    where added.low is null
    group by given.low, given.high
{%- endmacro %}

{# All current edges from the old ones and the changes. #}
{% macro components_changed_edges() -%}
    select
        past.low,
        past.high
    from {{ components_beside('contracted') }} as past
    left join {{ components_step('removed') }} as removed
        on past.low = removed.low and past.high = removed.high
    where removed.low is null
    union all
    select
        low,
        high
    from {{ components_step('added') }}
{%- endmacro %}

{# The new tables take the old ones' place, in one transaction where the engine has them for tables.
   Where it has not, a run killed here leaves no proof, so that the next one is full: it goes first
   and comes last. No table is both renamed and deleted from: DuckDB 1.5 cannot read its log of that
   (duckdb/duckdb#22124), and a process killed then would take the warehouse with it. #}
{% macro components_swap(plan, edges_by_round) -%}
    {%- set contracted = components_beside('contracted') -%}
    {%- set rounds = components_beside('rounds') -%}
    {%- set target = this.incorporate(type='table') -%}
    {%- set proof = components_step('proof') -%}
    {%- call statement('main') -%}
        {{ create_table_as(False, proof, components_proof(plan, edges_by_round)) }}
    {%- endcall -%}

    {%- do components_drop_cached(rounds) -%}
    {%- if plan.run == 'full' -%}
        {%- do components_drop_cached(target) -%}
        {%- do adapter.rename_relation(components_step('built'), target) -%}
        {%- do components_drop_cached(contracted) -%}
        {%- do adapter.rename_relation(plan.edges, contracted) -%}
    {%- elif plan.added + plan.removed > 0 -%}
        {%- do components_take_over(plan.removed > 0) -%}
        {%- if plan.edges is none -%}
            {%- do components_take_over_edges(contracted) -%}
        {%- else -%}
            {%- do components_drop_cached(contracted) -%}
            {%- do adapter.rename_relation(plan.edges, contracted) -%}
        {%- endif -%}
    {%- endif -%}
    {%- do adapter.rename_relation(proof, rounds) -%}
{%- endmacro %}

{% macro components_drop_cached(relation) -%}
    {%- set existing = load_cached_relation(relation) -%}
    {%- if existing is not none -%}
        {%- do adapter.drop_relation(existing) -%}
    {%- endif -%}
{%- endmacro %}

{# The proof: edges left before each round; the last row has none. #}
{% macro components_proof(plan, edges_by_round) -%}
    {%- set bigint = dbt.type_bigint() -%}
    {%- for edges_left in edges_by_round %}
    select
        {{ loop.index0 }} as round,
        cast({{ edges_left }} as {{ bigint }}) as edges_left,
        {{ 'true' if edges_left == 0 else 'false' }} as converged,
        '{{ plan.run }}' as run,
        cast({{ plan.added }} as {{ bigint }}) as edges_added,
        cast({{ plan.removed }} as {{ bigint }}) as edges_removed
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}
