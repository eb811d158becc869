-- Who made themselves known in a browser, as records: the order that was placed, the account that
-- signed in, the first record that shows the address typed.
with

observations as (
    select * from {{ ref('int_identity_observations') }}
),

identifiers as (
    select * from {{ ref('int_identity_identifiers') }}
    where verdict = 'link'
),

nodes as (
    select node_key from {{ ref('int_identity_nodes') }}
),

rules as (
    select * from {{ ref('identity_rules') }}
    where left_type = 'anonymous_id' and right_type = 'anonymous_id'
),

attaching_rules as (
    select right_type as identifier_type
    from {{ ref('identity_rules') }}
    where left_type = 'anonymous_id' and right_type <> 'anonymous_id'
),

blocked as (
    select * from {{ ref('int_identity_blocked_identifiers') }}
    where identifier_type = 'anonymous_id'
),

shown as (
    select
        observations.identifier_type,
        observations.identifier_scope,
        observations.identifier_value,
        observations.node_key,
        row_number() over (
            partition by
                observations.identifier_type,
                observations.identifier_scope,
                observations.identifier_value
            order by observations.first_seen_at, observations.node_key
        ) as place
    from observations
    inner join nodes on observations.node_key = nodes.node_key
    inner join identifiers
        on observations.identifier_type = identifiers.identifier_type
        and observations.identifier_scope = identifiers.identifier_scope
        and observations.identifier_value = identifiers.identifier_value
    inner join attaching_rules
        on observations.identifier_type = attaching_rules.identifier_type
),

sightings as (
    select
        observations.source_relation,
        observations.source_row_id as anonymous_id,
        shown.node_key,
        min(observations.first_seen_at) as first_seen_at,
        max(observations.last_seen_at) as last_seen_at
    from observations
    inner join shown
        on observations.identifier_type = shown.identifier_type
        and observations.identifier_scope = shown.identifier_scope
        and observations.identifier_value = shown.identifier_value
        and shown.place = 1
    where observations.source_table = 'web.anonymous_id'
    group by observations.source_relation, observations.source_row_id, shown.node_key
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
    left join blocked
        on sightings.source_relation = blocked.identifier_scope
        and sightings.anonymous_id = blocked.identifier_value
    where blocked.identifier_value is null
)

select * from final
