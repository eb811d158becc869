-- What is left after the guards, and nothing else, makes customers.
with

candidates as (
    select * from {{ ref('int_identity_candidates') }}
),

stops as (
    select
        left_node,
        right_node,
        rule,
        identifier_type,
        identifier_scope,
        identifier_value
    from {{ ref('int_identity_stops') }}
    group by left_node, right_node, rule, identifier_type, identifier_scope, identifier_value
),

final as (
    select
        candidates.left_node,
        candidates.right_node,
        candidates.rule,
        candidates.identifier_type,
        candidates.identifier_scope,
        candidates.identifier_value,
        candidates.strength,
        candidates.linked_at
    from candidates
    left join stops
        on candidates.left_node = stops.left_node
        and candidates.right_node = stops.right_node
        and candidates.rule = stops.rule
        and candidates.identifier_type = stops.identifier_type
        and candidates.identifier_scope = stops.identifier_scope
        and candidates.identifier_value = stops.identifier_value
    where stops.left_node is null
)

select * from final
