-- The sightings of one identifier stand in a chain by time, each tied to the one before: as many
-- links as sightings, however many there are (a super-node of 100,000 costs 99,999), and an address
-- that nobody used for longer than the rule's max_age_days begins a new chain, because it may have
-- a new owner.
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
    where strength in ('S0', 'S1', 'S2')
),

nodes as (
    select node_key from {{ ref('int_identity_nodes') }}
),

instructions as (
    select * from {{ ref('int_identity_instructions') }}
    where kind = 'link'
),

sightings as (
    select
        rules.rule,
        rules.strength,
        rules.max_age_days,
        observations.identifier_type,
        observations.identifier_scope,
        observations.identifier_value,
        observations.node_key,
        observations.first_seen_at,
        observations.last_seen_at
    from observations
    inner join identifiers
        on observations.identifier_type = identifiers.identifier_type
        and observations.identifier_scope = identifiers.identifier_scope
        and observations.identifier_value = identifiers.identifier_value
    inner join rules
        on observations.identifier_type = rules.left_type
        and rules.left_type = rules.right_type
),

chained as (
    select
        *,
        lag(node_key) over (
            partition by rule, identifier_type, identifier_scope, identifier_value
            order by first_seen_at, node_key
        ) as previous_node_key,
        max(last_seen_at) over (
            partition by rule, identifier_type, identifier_scope, identifier_value
            order by first_seen_at, node_key
            rows between unbounded preceding and 1 preceding
        ) as previous_seen_at
    from sightings
),

shared as (
    select
        previous_node_key as left_node,
        node_key as right_node,
        rule,
        identifier_type,
        identifier_scope,
        identifier_value,
        strength,
        case
            when
                {{ dbt.datediff('previous_seen_at', 'first_seen_at', 'day') }}
                > max_age_days
                then 'max_age'
        end as guard,
        first_seen_at as linked_at
    from chained
    where previous_node_key is not null
),

by_hand as (
    select
        instructions.left_node,
        instructions.right_node,
        rules.rule,
        'record' as identifier_type,
        '' as identifier_scope,
        instructions.instruction_id as identifier_value,
        rules.strength,
        cast(null as {{ dbt.type_string() }}) as guard,
        instructions.instructed_at as linked_at
    from instructions
    inner join rules on rules.rule = 'by_hand'
    inner join nodes as left_nodes on instructions.left_node = left_nodes.node_key
    inner join nodes as right_nodes on instructions.right_node = right_nodes.node_key
),

final as (
    select * from shared
    union all
    select * from by_hand
)

select
    left_node,
    right_node,
    rule,
    identifier_type,
    identifier_scope,
    identifier_value,
    strength,
    guard,
    linked_at
from final
