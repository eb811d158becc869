{{ config(materialized='connected_components') }}

-- Two graphs in one run: what S1 joins (proven) and what S1 and S2 join (strong). A guard that
-- stops a strong group lets it fall back to its proven parts. Links by hand come later: they must
-- not change what a part shows, and so undo other links. A record on its own is a component too,
-- hence its edge to itself.
with

links as (
    select * from {{ ref('int_identity_strong_pairs') }}
    where guard is null
),

nodes as (
    select node_key from {{ ref('int_identity_nodes') }}
)

select
    'proven|' || left_node as left_node,
    'proven|' || right_node as right_node
from links
where strength = 'S1'
union all
select
    'strong|' || left_node as left_node,
    'strong|' || right_node as right_node
from links
where strength in ('S1', 'S2')
union all
select
    'proven|' || node_key as left_node,
    'proven|' || node_key as right_node
from nodes
union all
select
    'strong|' || node_key as left_node,
    'strong|' || node_key as right_node
from nodes
