with

observations as (
    select * from {{ ref('int_identity_observations') }}
    where identifier_type <> 'person_name'
),

identifiers as (
    select * from {{ ref('int_identity_identifiers') }}
    where verdict in ('link', 'keep')
),

members as (
    select * from {{ ref('int_identity_members') }}
),

devices as (
    select * from {{ ref('device_spans') }}
    where not is_shared
),

rules as (
    select * from {{ ref('identity_rules') }}
    where strength is not null and left_type = right_type
),

record_identifiers as (
    select
        observations.identifier_type,
        observations.identifier_scope,
        observations.identifier_value,
        min(members.customer_id) as customer_id,
        min(case
            when identifiers.verdict = 'keep' then identifiers.reason
            else coalesce(rules.rule, 'record')
        end) as rule,
        min(observations.first_seen_at) as first_seen_at
    from observations
    inner join members on observations.node_key = members.node_key
    inner join identifiers
        on observations.identifier_type = identifiers.identifier_type
        and observations.identifier_scope = identifiers.identifier_scope
        and observations.identifier_value = identifiers.identifier_value
    left join rules on observations.identifier_type = rules.left_type
    group by
        observations.identifier_type,
        observations.identifier_scope,
        observations.identifier_value
    having min(members.customer_id) = max(members.customer_id)
),

final as (
    select
        identifier_type,
        identifier_scope,
        identifier_value,
        customer_id,
        rule,
        first_seen_at
    from record_identifiers
    union all
    select
        'anonymous_id' as identifier_type,
        source_relation as identifier_scope,
        anonymous_id as identifier_value,
        customer_id,
        'device' as rule,
        first_seen_at
    from devices
)

select * from final
