-- The sightings of one identifier stand in a chain by time, each tied to the one before: as many
-- edges as sightings, however many there are, and an address that nobody used for longer than the
-- rule's max_age_days begins a new chain, because it may have a new owner.
with

observations as (
    select * from {{ ref('int_identity_observations') }}
    where source_table <> 'web.anonymous_id'
),

identifiers as (
    select * from {{ ref('int_identity_identifiers') }}
    where verdict = 'link'
),

rules as (
    select * from {{ ref('identity_rules') }}
    where strength is not null and left_type = right_type
),

person_names as (
    select
        node_key,
        identifier_value as person_name
    from observations
    where identifier_type = 'person_name'
),

linking as (
    select
        rules.rule,
        rules.strength,
        rules.max_age_days,
        rules.must_agree_on,
        observations.identifier_type,
        observations.identifier_scope,
        observations.identifier_value,
        observations.node_key,
        observations.first_seen_at,
        observations.last_seen_at,
        person_names.person_name
    from observations
    inner join identifiers
        on observations.identifier_type = identifiers.identifier_type
        and observations.identifier_scope = identifiers.identifier_scope
        and observations.identifier_value = identifiers.identifier_value
    inner join rules on observations.identifier_type = rules.left_type
    left join person_names on observations.node_key = person_names.node_key
),

names_of_identifiers as (
    select
        identifier_type,
        identifier_scope,
        identifier_value,
        min(person_name) as first_person_name,
        max(person_name) as last_person_name
    from linking
    where must_agree_on = 'person_name'
    group by identifier_type, identifier_scope, identifier_value
),

-- Where names must agree, a record without one follows the only name there is; among several
-- names it joins nobody.
agreeing as (
    select
        linking.rule,
        linking.strength,
        linking.max_age_days,
        linking.identifier_type,
        linking.identifier_scope,
        linking.identifier_value,
        linking.node_key,
        linking.first_seen_at,
        linking.last_seen_at,
        case
            when names_of_identifiers.identifier_value is null then ''
            else coalesce(linking.person_name, names_of_identifiers.first_person_name, '')
        end as shared_name
    from linking
    left join names_of_identifiers
        on linking.identifier_type = names_of_identifiers.identifier_type
        and linking.identifier_scope = names_of_identifiers.identifier_scope
        and linking.identifier_value = names_of_identifiers.identifier_value
    where
        linking.must_agree_on is null
        or linking.person_name is not null
        or names_of_identifiers.first_person_name is null
        or names_of_identifiers.first_person_name = names_of_identifiers.last_person_name
),

chained as (
    select
        rule,
        strength,
        max_age_days,
        identifier_type,
        node_key,
        first_seen_at,
        lag(node_key) over (
            partition by rule, identifier_type, identifier_scope, identifier_value, shared_name
            order by first_seen_at, node_key
        ) as previous_node_key,
        max(last_seen_at) over (
            partition by rule, identifier_type, identifier_scope, identifier_value, shared_name
            order by first_seen_at, node_key
            rows between unbounded preceding and 1 preceding
        ) as previous_seen_at
    from agreeing
),

final as (
    select
        previous_node_key as left_node,
        node_key as right_node,
        rule,
        identifier_type,
        strength,
        first_seen_at as linked_at
    from chained
    where
        previous_node_key is not null
        and (
            max_age_days is null
            or {{ dbt.datediff('previous_seen_at', 'first_seen_at', 'day') }}
            <= max_age_days
        )
)

select * from final
