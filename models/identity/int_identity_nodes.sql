with

observations as (
    select * from {{ ref('int_identity_observations') }}
    where source_table <> 'web.anonymous_id'
),

identifiers as (
    select * from {{ ref('int_identity_identifiers') }}
),

-- An order's or a profile's own number says nothing about who it is.
final as (
    select
        observations.node_key,
        observations.source_relation,
        observations.source_table,
        observations.source_row_id,
        min(observations.first_seen_at) as first_seen_at,
        max(observations.last_seen_at) as last_seen_at
    from observations
    inner join identifiers
        on observations.identifier_type = identifiers.identifier_type
        and observations.identifier_scope = identifiers.identifier_scope
        and observations.identifier_value = identifiers.identifier_value
    where
        observations.identifier_type in ('shopify_customer_id', 'email', 'phone')
        and identifiers.verdict in ('link', 'keep')
    group by
        observations.node_key,
        observations.source_relation,
        observations.source_table,
        observations.source_row_id
)

select * from final
