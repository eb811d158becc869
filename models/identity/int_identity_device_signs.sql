-- Who made themselves known in a browser, day by day, as records: the order that was placed, the
-- account that signed in, the first record that shows the address typed.
with

records as (
    select * from {{ ref('int_identity_records') }}
    where source_table = 'web.anonymous_id'
),

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

attaching_rules as (
    select right_type as identifier_type
    from {{ ref('identity_rules') }}
    where left_type = 'anonymous_id' and right_type <> 'anonymous_id'
),

blocked as (
    select * from {{ ref('int_identity_blocked_identifiers') }}
    where identifier_type = 'anonymous_id'
),

typed as (
    {%- for identifier_type, identifier_scope in [
        ('shopify_customer_id', 'source_relation'),
        ('shopify_order_id', 'source_relation'),
        ('email', "''"),
        ('phone', "''")
    ] %}
        select
            source_relation,
            source_row_id as anonymous_id,
            '{{ identifier_type }}' as identifier_type,
            {{ identifier_scope }} as identifier_scope,
            {{ identifier_type }} as identifier_value,
            first_seen_at,
            last_seen_at
        from records
        where {{ identifier_type }} is not null
        {{ 'union all' if not loop.last }}
    {%- endfor %}
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

final as (
    select
        typed.source_relation,
        typed.anonymous_id,
        shown.node_key,
        cast(typed.first_seen_at as date) as sign_date,
        min(typed.first_seen_at) as first_seen_at,
        max(typed.last_seen_at) as last_seen_at
    from typed
    inner join shown
        on typed.identifier_type = shown.identifier_type
        and typed.identifier_scope = shown.identifier_scope
        and typed.identifier_value = shown.identifier_value
        and shown.place = 1
    left join blocked
        on typed.source_relation = blocked.identifier_scope
        and typed.anonymous_id = blocked.identifier_value
    where blocked.identifier_value is null
    group by
        typed.source_relation,
        typed.anonymous_id,
        shown.node_key,
        cast(typed.first_seen_at as date)
)

select * from final
