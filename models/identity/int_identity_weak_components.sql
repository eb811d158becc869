{{ config(materialized='connected_components') }}

-- Which strong parts weak links would join (evidence), and which of them with links by hand (all).
-- Provisional: the guards look at these groups and may stop links.
with

strong_pairs as (
    select * from {{ ref('int_identity_strong_pairs') }}
    where strength = 'S0'
),

weak_pairs as (
    select * from {{ ref('int_identity_weak_pairs') }}
    where guard is null
),

parts as (
    select
        node_key,
        strong_part
    from {{ ref('int_identity_parts') }}
),

links as (
    select
        'evidence|' as graph,
        left_node,
        right_node
    from weak_pairs
    union all
    select
        'all|' as graph,
        left_node,
        right_node
    from weak_pairs
    union all
    select
        'all|' as graph,
        left_node,
        right_node
    from strong_pairs
)

select
    links.graph || left_parts.strong_part as left_node,
    links.graph || right_parts.strong_part as right_node
from links
inner join parts as left_parts on links.left_node = left_parts.node_key
inner join parts as right_parts on links.right_node = right_parts.node_key
union all
select
    'evidence|' || strong_part as left_node,
    'evidence|' || strong_part as right_node
from parts
group by strong_part
union all
select
    'all|' || strong_part as left_node,
    'all|' || strong_part as right_node
from parts
group by strong_part
