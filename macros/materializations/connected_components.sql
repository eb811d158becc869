{# Connected components of an undirected graph, by contraction to proven convergence.

   The model selects edges: left_node, right_node, texts or integers. The table gets: node,
   component, where the component is named by its smallest node. A row with
   left_node = right_node is a node on its own.

   A round maps every node to the smallest name in its closed neighbourhood, jumps once more along
   that map, and keeps the edges between different targets. After rounds 0 and 1 the ends that are
   left get dense numbers, and every later round draws a new order of those (`order_label`), because
   with fixed names a chain whose ids follow the path (auto-increment) needs n / 2 rounds. The edges
   shrink in expectation by a constant factor a round. After `max_rounds` the run fails: an
   unconverged table is never returned.

   A run that finds its table only does what changed. Beside the table stand
     <name>_contracted  the edges that the table holds: low, high.
     <name>_rounds      the proof: round, edges_left, converged, run, edges_added, edges_removed.
                        It stands only while the two agree; without it the next run is full.
   The model selects all its current edges and the run finds the difference itself, or, where
   has_components() holds, it may select the changes alone: left_node, right_node, change ('added'
   or 'removed'). Above `full_share` of changed edges (0.2) the run is a full one.

   Statements are plain CREATE TABLE AS, GROUP BY and JOIN, and DELETE, UPDATE and INSERT where a run
   takes only what changed, so that any engine runs them. #}
{% materialization connected_components, default %}
    {%- set target = this.incorporate(type='table') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- do components_drop_leftovers() -%}
    {%- set plan = components_plan(sql) -%}
    {%- if plan.run == 'full' -%}
        {%- set edges_by_round = components_contract(plan.edges, components_step('built')) -%}
    {%- elif plan.added + plan.removed > 0 -%}
        {%- set edges_by_round = components_merge(plan) -%}
    {%- else -%}
        {%- set edges_by_round = [0] -%}
    {%- endif -%}
    {%- do components_swap(plan, edges_by_round) -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do apply_grants(target, config.get('grants'), should_revoke=True) -%}
    {%- do persist_docs(target, model) -%}
    {# Without the commit dbt reports success and the table is gone. #}
    {%- do adapter.commit() -%}
    {%- for kind in ['edges', 'added', 'removed', 'torn', 'renamed', 'built'] -%}
        {%- do components_drop(components_step(kind)) -%}
    {%- endfor -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{# For a model that knows its changes: whether the table and its edges stand, so that the changes
   alone will do. The twin of is_incremental(). #}
{% macro has_components() -%}
    {%- if not execute -%}
        {{ return(false) }}
    {%- endif -%}
    {{ return(
        not should_full_refresh()
        and (load_cached_relation(this).type | default('')) == 'table'
        and load_cached_relation(components_beside('contracted')) is not none
        and load_cached_relation(components_beside('rounds')) is not none
    ) }}
{%- endmacro %}

{# A table that stays beside the model's own. #}
{% macro components_beside(kind) -%}
    {{ return(api.Relation.create(
        database=this.database,
        schema=this.schema,
        identifier=this.identifier ~ '_' ~ kind,
        type='table'
    )) }}
{%- endmacro %}

{# A table of this run; its name is like no model's. #}
{% macro components_step(kind) -%}
    {{ return(components_beside('_contraction_' ~ kind)) }}
{%- endmacro %}

{# Steps are committed one by one (run_query opens no transaction): inside a transaction DuckDB has
   no row counts of the new tables and plans a product of all nodes. So a killed run leaves steps
   behind, and every run begins and ends by dropping whatever steps there are. #}
{% macro components_drop(relation) -%}
    {%- do run_query("drop table if exists " ~ relation) -%}
{%- endmacro %}

{% macro components_create(relation, sql) -%}
    {%- do run_query("create table " ~ relation ~ " as\n" ~ sql) -%}
{%- endmacro %}

{# What an earlier, killed run left: known to dbt's cache, so that looking costs no query. #}
{% macro components_drop_leftovers() -%}
    {%- set kinds = [
        'selected', 'edges', 'changed', 'added', 'removed', 'torn', 'ends', 'lifted', 'nearest',
        'lowest', 'names_1', 'names_2', 'numbers', 'merged_numbers', 'renames', 'merged', 'renamed',
        'built', 'proof'
    ] -%}
    {%- for round in range(config.get('max_rounds', 60) + 1) -%}
        {%- for kind in ['edges_', 'map_', 'roots_'] -%}
            {%- do kinds.append(kind ~ round) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for kind in kinds -%}
        {%- set leftover = load_cached_relation(components_step(kind)) -%}
        {%- if leftover is not none -%}
            {%- do adapter.drop_relation(leftover) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{% macro components_count(relation, condition='true') -%}
    {%- set counted = run_query("select count(*) from " ~ relation ~ " where " ~ condition) -%}
    {{ return(counted.columns[0].values()[0] | int) }}
{%- endmacro %}
