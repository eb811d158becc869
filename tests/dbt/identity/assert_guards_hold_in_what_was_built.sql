{{ config(group='identity') }}

-- The guards judge provisional groups; this looks at the customers that came of it.
with

components as (
    select * from {{ ref('int_identity_components') }}
),

groups as (
    select * from {{ ref('int_identity_groups') }}
),

edges as (
    select * from {{ ref('int_identity_edges') }}
),

parts as (
    select * from {{ ref('int_identity_parts') }}
),

exclusions as (
    select * from {{ ref('int_identity_exclusions') }}
),

-- What people joined by hand, they answer for.
joined_by_hand as (
    select components.component
    from edges
    inner join components on edges.left_node = components.node
    where edges.strength = 'S0'
    group by components.component
),

weakly_joined as (
    select
        components.component,
        max(case when edges.strength in ('S3', 'S4') then 1 else 0 end) as weak_link_count
    from edges
    inner join components on edges.left_node = components.node
    group by components.component
),

names_of_verified as (
    select
        components.component,
        min(parts.person_name) as first_name_key,
        max(parts.person_name) as last_name_key
    from parts
    inner join components on parts.node_key = components.node
    where parts.has_verified_email
    group by components.component
),

conflicts as (
    select
        'verified people of different names are one customer' as finding,
        names_of_verified.component
    from names_of_verified
    inner join weakly_joined on names_of_verified.component = weakly_joined.component
    left join joined_by_hand on names_of_verified.component = joined_by_hand.component
    where
        weakly_joined.weak_link_count = 1
        and joined_by_hand.component is null
        and names_of_verified.first_name_key <> names_of_verified.last_name_key
),

too_large as (
    select
        'a group over size is held by a link that a guard should have stopped' as finding,
        components.component
    from edges
    inner join components on edges.left_node = components.node
    inner join groups on edges.left_node = groups.node_key
    where
        (edges.strength = 'S2' and groups.is_part_over_size)
        or (edges.strength in ('S3', 'S4') and groups.is_group_over_size)
),

still_together as (
    select
        'two records that a person took apart are one customer' as finding,
        left_components.component
    from exclusions
    inner join components as left_components on exclusions.left_node = left_components.node
    inner join components as right_components
        on exclusions.right_node = right_components.node
        and left_components.component = right_components.component
    left join joined_by_hand on left_components.component = joined_by_hand.component
    where joined_by_hand.component is null
)

select * from conflicts
union all
select * from too_large
union all
select * from still_together
