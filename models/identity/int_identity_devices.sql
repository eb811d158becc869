-- A browser belongs to a customer only when everybody who signed in, ordered or gave an address on
-- it is that customer. A family's browser is nobody's, and no browser ever joins two records.
with

observations as (
    select * from {{ ref('int_identity_observations') }}
),

identifiers as (
    select * from {{ ref('int_identity_identifiers') }}
    where verdict = 'link'
),

members as (
    select * from {{ ref('int_identity_members') }}
),

rules as (
    select * from {{ ref('identity_rules') }}
    where left_type = 'anonymous_id'
),

customers_of_identifiers as (
    select
        observations.identifier_type,
        observations.identifier_scope,
        observations.identifier_value,
        min(members.customer_id) as customer_id
    from observations
    inner join members on observations.node_key = members.node_key
    inner join identifiers
        on observations.identifier_type = identifiers.identifier_type
        and observations.identifier_scope = identifiers.identifier_scope
        and observations.identifier_value = identifiers.identifier_value
    group by
        observations.identifier_type,
        observations.identifier_scope,
        observations.identifier_value
    having min(members.customer_id) = max(members.customer_id)
),

final as (
    select
        observations.source_relation,
        observations.source_row_id as anonymous_id,
        min(customers_of_identifiers.customer_id) as customer_id,
        min(rules.rule) as rule,
        min(observations.first_seen_at) as first_seen_at
    from observations
    inner join rules on observations.identifier_type = rules.right_type
    inner join customers_of_identifiers
        on observations.identifier_type = customers_of_identifiers.identifier_type
        and observations.identifier_scope = customers_of_identifiers.identifier_scope
        and observations.identifier_value = customers_of_identifiers.identifier_value
    where observations.source_table = 'web.anonymous_id'
    group by observations.source_relation, observations.source_row_id
    having
        min(customers_of_identifiers.customer_id) = max(customers_of_identifiers.customer_id)
)

select * from final
