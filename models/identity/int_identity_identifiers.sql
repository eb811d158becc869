with

observations as (
    select * from {{ ref('int_identity_observations') }}
    where source_table <> 'web.anonymous_id'
),

blocked as (
    select * from {{ ref('int_identity_blocked_identifiers') }}
),

rules as (
    select * from {{ ref('identity_rules') }}
),

identifiers as (
    select
        identifier_type,
        identifier_scope,
        identifier_value,
        count(*) as record_count,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from observations
    group by identifier_type, identifier_scope, identifier_value
),

fan_outs as (
    select
        observations.identifier_type,
        observations.identifier_scope,
        observations.identifier_value,
        rules.rule,
        rules.fan_out_cap,
        count(distinct neighbours.identifier_scope || '|' || neighbours.identifier_value)
            as fan_out_count
    from observations
    inner join rules on observations.identifier_type = rules.left_type
    inner join observations as neighbours
        on observations.node_key = neighbours.node_key
        and rules.fan_out_type = neighbours.identifier_type
    group by
        observations.identifier_type,
        observations.identifier_scope,
        observations.identifier_value,
        rules.rule,
        rules.fan_out_cap
),

over_caps as (
    select
        identifier_type,
        identifier_scope,
        identifier_value,
        min(rule) as capping_rule
    from fan_outs
    where fan_out_count > fan_out_cap
    group by identifier_type, identifier_scope, identifier_value
),

final as (
    select
        identifiers.identifier_type,
        identifiers.identifier_scope,
        identifiers.identifier_value,
        case
            when blocked.verdict = 'placeholder' then 'placeholder'
            when over_caps.capping_rule is not null then 'over_cap'
            when blocked.verdict is not null then 'keep'
            else 'link'
        end as verdict,
        case
            when blocked.verdict = 'placeholder' then blocked.reason
            when over_caps.capping_rule is not null then over_caps.capping_rule
            else blocked.verdict
        end as reason,
        identifiers.record_count,
        identifiers.first_seen_at,
        identifiers.last_seen_at
    from identifiers
    left join blocked
        on identifiers.identifier_type = blocked.identifier_type
        and identifiers.identifier_scope = blocked.identifier_scope
        and identifiers.identifier_value = blocked.identifier_value
    left join over_caps
        on identifiers.identifier_type = over_caps.identifier_type
        and identifiers.identifier_scope = over_caps.identifier_scope
        and identifiers.identifier_value = over_caps.identifier_value
)

select * from final
