-- The name of a part is the first name that most of its records show, its phone likewise: a
-- family's record without a name cannot pass for everybody's.
with

components as (
    select * from {{ ref('int_identity_strong_components') }}
),

nodes as (
    select node_key from {{ ref('int_identity_nodes') }}
),

observations as (
    select * from {{ ref('int_identity_observations') }}
    where source_table <> 'web.anonymous_id'
),

parts as (
    select
        nodes.node_key,
        proven.component as proven_part,
        strong.component as strong_part
    from nodes
    inner join components as proven on 'proven|' || nodes.node_key = proven.node
    inner join components as strong on 'strong|' || nodes.node_key = strong.node
),

identifiers as (
    select * from {{ ref('int_identity_identifiers') }}
    where verdict = 'link'
),

value_counts as (
    select
        parts.strong_part,
        observations.identifier_type,
        observations.identifier_value,
        count(*) as record_count
    from parts
    inner join observations on parts.node_key = observations.node_key
    inner join identifiers
        on observations.identifier_type = identifiers.identifier_type
        and observations.identifier_scope = identifiers.identifier_scope
        and observations.identifier_value = identifiers.identifier_value
    where observations.identifier_type in ('person_name', 'phone')
    group by parts.strong_part, observations.identifier_type, observations.identifier_value
),

ranked_values as (
    select
        strong_part,
        identifier_type,
        identifier_value,
        row_number() over (
            partition by strong_part, identifier_type
            order by record_count desc, identifier_value asc
        ) as place
    from value_counts
),

traits as (
    select
        strong_part,
        max(case when identifier_type = 'person_name' then identifier_value end) as person_name,
        max(case when identifier_type = 'phone' then identifier_value end) as phone
    from ranked_values
    where place = 1
    group by strong_part
),

verified as (
    select
        parts.strong_part,
        min(observations.identifier_value) as first_verified_email
    from parts
    inner join observations on parts.node_key = observations.node_key
    where observations.identifier_type = 'email' and observations.is_verified
    group by parts.strong_part
),

final as (
    select
        parts.node_key,
        parts.proven_part,
        parts.strong_part,
        traits.person_name,
        traits.phone,
        verified.first_verified_email is not null as has_verified_email
    from parts
    left join traits on parts.strong_part = traits.strong_part
    left join verified on parts.strong_part = verified.strong_part
)

select * from final
