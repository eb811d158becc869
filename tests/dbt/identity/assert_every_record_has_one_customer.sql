{{ config(group='identity') }}
-- Every record that shows somebody has a customer, and no customer is made of anything else.
with

nodes as (
    select node_key from {{ ref('int_identity_nodes') }}
),

members as (
    select node_key from {{ ref('int_identity_members') }}
)

select nodes.node_key
from nodes
left join members on nodes.node_key = members.node_key
where members.node_key is null
union all
select members.node_key
from members
left join nodes on members.node_key = nodes.node_key
where nodes.node_key is null
