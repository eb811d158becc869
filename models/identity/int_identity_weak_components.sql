{{ config(materialized='connected_components') }}

-- Which parts weak links would join. Provisional: the guards look at these groups and may stop links.
with

links as (
    select * from {{ ref('int_identity_weak_pairs') }}
    where guard is null
),

parts as (
    select
        node_key,
        strong_part
    from {{ ref('int_identity_parts') }}
)

select
    left_parts.strong_part as left_node,
    right_parts.strong_part as right_node
from links
inner join parts as left_parts on links.left_node = left_parts.node_key
inner join parts as right_parts on links.right_node = right_parts.node_key
union all
select
    strong_part as left_node,
    strong_part as right_node
from parts
group by strong_part
