{{ config(materialized='connected_components') }}

-- A record on its own is a component too, hence its edge to itself.
with

edges as (
    select
        left_node,
        right_node
    from {{ ref('int_identity_edges') }}
),

nodes as (
    select
        node_key as left_node,
        node_key as right_node
    from {{ ref('int_identity_nodes') }}
)

select
    left_node,
    right_node
from edges
union all
select
    left_node,
    right_node
from nodes
