with

signs as (
    select * from {{ ref('int_identity_device_signs') }}
),

observations as (
    select * from {{ ref('int_identity_observations') }}
),

rules as (
    select * from {{ ref('identity_rules') }}
    where left_type = 'anonymous_id' and right_type = 'anonymous_id'
),

sightings as (
    select
        source_relation,
        anonymous_id,
        node_key,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from signs
    group by source_relation, anonymous_id, node_key
),

emails as (
    select
        sightings.source_relation,
        sightings.anonymous_id,
        count(distinct observations.identifier_value) as email_count
    from sightings
    inner join observations on sightings.node_key = observations.node_key
    inner join rules on observations.identifier_type = rules.fan_out_type
    group by sightings.source_relation, sightings.anonymous_id
),

final as (
    select
        sightings.source_relation,
        sightings.anonymous_id,
        sightings.node_key,
        coalesce(emails.email_count, 0) as email_count,
        coalesce(emails.email_count > rules.fan_out_cap, false) as is_over_cap,
        sightings.first_seen_at,
        sightings.last_seen_at
    from sightings
    cross join rules
    left join emails
        on sightings.source_relation = emails.source_relation
        and sightings.anonymous_id = emails.anonymous_id
)

select * from final
