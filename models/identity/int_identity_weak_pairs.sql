-- Within a strong part a weak link would say nothing new, so only pairs of two parts stand here.
with

sightings as (
    select * from {{ ref('int_identity_weak_sightings') }}
),

matches as (
    select * from {{ ref('int_identity_matches') }}
    where verdict = 'link'
),

parts as (
    select * from {{ ref('int_identity_parts') }}
),

rules as (
    select * from {{ ref('identity_rules') }}
    where rule = 'probabilistic'
),

chained as (
    select
        *,
        lag(node_key) over (
            partition by rule, identifier_scope, identifier_value, agreed_on
            order by first_seen_at, node_key
        ) as previous_node_key,
        lag(strong_part) over (
            partition by rule, identifier_scope, identifier_value, agreed_on
            order by first_seen_at, node_key
        ) as previous_strong_part,
        max(last_seen_at) over (
            partition by rule, identifier_scope, identifier_value, agreed_on
            order by first_seen_at, node_key
            rows between unbounded preceding and 1 preceding
        ) as previous_seen_at
    from sightings
    where agreed_on is not null
),

agreeing as (
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
        cast(null as {{ dbt.type_string() }}) as reason,
        first_seen_at as linked_at
    from chained
    where previous_strong_part <> strong_part
),

neighbours as (
    select
        *,
        lag(node_key) over (
            partition by rule, identifier_scope, identifier_value
            order by first_seen_at, node_key
        ) as previous_node_key,
        lag(strong_part) over (
            partition by rule, identifier_scope, identifier_value
            order by first_seen_at, node_key
        ) as previous_strong_part,
        lag(agreed_on) over (
            partition by rule, identifier_scope, identifier_value
            order by first_seen_at, node_key
        ) as previous_agreed_on
    from sightings
),

-- Two parts that differ are told once per identifier, however often they take turns.
differing as (
    select
        *,
        row_number() over (
            partition by
                rule,
                identifier_scope,
                identifier_value,
                least(previous_strong_part, strong_part),
                greatest(previous_strong_part, strong_part)
            order by first_seen_at, node_key
        ) as place
    from neighbours
    where
        previous_strong_part <> strong_part
        and coalesce(previous_agreed_on <> agreed_on, true)
),

probable as (
    select
        matches.left_node,
        matches.right_node,
        rules.rule,
        'record' as identifier_type,
        '' as identifier_scope,
        matches.left_node || ' ' || matches.right_node as identifier_value,
        rules.strength,
        cast(null as {{ dbt.type_string() }}) as guard,
        cast(null as {{ dbt.type_string() }}) as reason,
        matches.fitted_at as linked_at
    from matches
    cross join rules
    inner join parts as left_parts on matches.left_node = left_parts.node_key
    inner join parts as right_parts
        on matches.right_node = right_parts.node_key
        and left_parts.strong_part <> right_parts.strong_part
),

final as (
    select * from agreeing
    union all
    select
        previous_node_key as left_node,
        node_key as right_node,
        rule,
        identifier_type,
        identifier_scope,
        identifier_value,
        strength,
        'name_agreement' as guard,
        'first names or phones differ, or are not shown' as reason,
        first_seen_at as linked_at
    from differing
    where place = 1
    union all
    select * from probable
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
    reason,
    linked_at
from final
