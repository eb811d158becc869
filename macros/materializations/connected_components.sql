{# Connected components of an undirected graph, by contraction to proven convergence.

   The model selects edges: left_node, right_node. The table gets: node, component, where the
   component is named by its smallest node. A row with left_node = right_node is a node on its own.

   Each round maps every node to the smallest label in its closed neighbourhood, jumps once more
   along that map, and keeps the edges between different targets. Round 0 takes the labels as they
   are; every later round draws a new order of the labels (`order_label`), because with fixed labels
   a chain whose ids follow the path (auto-increment) needs n / 2 rounds. The edges shrink in
   expectation by a constant factor a round. After `max_rounds` the run fails: an unconverged table
   is never returned.

   Beside the table stands `<name>_rounds`, the proof: round, edges_left, converged. Statements are
   plain CREATE TABLE AS, GROUP BY and JOIN, so that any engine runs them. #}
{% materialization connected_components, default %}
    {%- set target = this.incorporate(type='table') -%}
    {%- set max_rounds = config.get('max_rounds', 60) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- do components_drop_leftovers(max_rounds) -%}
    {%- do components_create(components_step('edges', 0), components_dense_edges(sql)) -%}
    {%- do components_drop(components_step('edges', 'named')) -%}
    {%- set state = namespace(round=0, edges_left=components_count(components_step('edges', 0))) -%}
    {%- set edges_by_round = [state.edges_left] -%}
    {%- for _ in range(max_rounds) -%}
        {%- if state.edges_left > 0 -%}
            {%- do components_contract(state.round) -%}
            {%- set state.round = state.round + 1 -%}
            {%- set state.edges_left = components_count(components_step('edges', state.round)) -%}
            {%- do edges_by_round.append(state.edges_left) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if state.edges_left > 0 -%}
        {%- do components_drop(components_step('edges', state.round)) -%}
        {%- do components_drop(components_step('nodes', 0)) -%}
        {%- for round in range(state.round) -%}
            {%- do components_drop(components_step('map', round)) -%}
        {%- endfor -%}
        {%- do exceptions.raise_compiler_error(
            this ~ " did not converge: " ~ state.edges_left ~ " edges are left after " ~ max_rounds
            ~ " rounds. Raise max_rounds, or look for a node label that is not unique."
        ) -%}
    {%- endif -%}

    {%- set roots = components_compose(state.round) -%}
    {%- set built = components_step('built', 0).incorporate(type='table') -%}
    {% call statement('main') -%}
        {{ create_table_as(False, built, components_named(roots)) }}
    {%- endcall %}
    {%- do components_prove(target, edges_by_round) -%}

    {%- set existing = load_cached_relation(this) -%}
    {%- if existing is not none -%}
        {%- do adapter.drop_relation(existing) -%}
    {%- endif -%}
    {%- do adapter.rename_relation(built, target) -%}
    {%- if roots is not none -%}
        {%- do components_drop(roots) -%}
    {%- endif -%}
    {%- do components_drop(components_step('edges', state.round)) -%}
    {%- do components_drop(components_step('nodes', 0)) -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do apply_grants(target, config.get('grants'), should_revoke=True) -%}
    {%- do persist_docs(target, model) -%}
    {# Without the commit dbt reports success and the table is gone. #}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{# The table of one step, beside the model's own. #}
{% macro components_step(kind, round) -%}
    {{ return(api.Relation.create(
        database=this.database,
        schema=this.schema,
        identifier=this.identifier ~ '__' ~ kind ~ '_' ~ round,
        type='table'
    )) }}
{%- endmacro %}

{# Steps are committed one by one (run_query opens no transaction): inside a transaction DuckDB has
   no row counts of the new tables and plans a product of all nodes. So a killed run leaves steps
   behind, and every run begins and ends by dropping whatever steps there are. #}
{% macro components_drop(relation) -%}
    {%- do run_query("drop table if exists " ~ relation) -%}
{%- endmacro %}

{% macro components_create(relation, sql) -%}
    {%- do components_drop(relation) -%}
    {%- do run_query("create table " ~ relation ~ " as\n" ~ sql) -%}
{%- endmacro %}

{# What an earlier, killed run left: known to dbt's cache, so that looking costs no query. #}
{% macro components_drop_leftovers(max_rounds) -%}
    {%- for kind in ['edges', 'map', 'roots', 'nodes', 'built'] -%}
        {%- for round in ['named', 'nearest'] + (range(max_rounds + 2) | list) -%}
            {%- set step = components_step(kind, round) -%}
            {%- set leftover = adapter.get_relation(step.database, step.schema, step.identifier) -%}
            {%- if leftover is not none -%}
                {%- do adapter.drop_relation(leftover) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}

{% macro components_count(relation) -%}
    {{ return(run_query("select count(*) from " ~ relation).columns[0].values()[0] | int) }}
{%- endmacro %}
