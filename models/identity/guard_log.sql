-- Values leave as digests: who may not read addresses may still count what was stopped.
with

identifiers as (
    select * from {{ ref('int_identity_identifiers') }}
    where verdict <> 'link'
),

device_sightings as (
    select * from {{ ref('int_identity_device_sightings') }}
),

device_spans as (
    select * from {{ ref('device_spans') }}
    where is_shared
),

strong_pairs as (
    select * from {{ ref('int_identity_strong_pairs') }}
    where guard is not null
),

weak_pairs as (
    select * from {{ ref('int_identity_weak_pairs') }}
    where guard is not null
),

stops as (
    select * from {{ ref('int_identity_stops') }}
),

members as (
    select
        node_key,
        customer_id
    from {{ ref('int_identity_members') }}
),

stopped_identifiers as (
    select
        case
            when verdict = 'over_cap' then 'fan_out_cap'
            when reason = 'relay' then 'relay'
            when reason = 'by_hand' then 'by_hand'
            else 'block_list'
        end as guard,
        case when verdict = 'over_cap' then reason end as rule,
        identifier_type,
        identifier_scope,
        identifier_value,
        cast(null as {{ dbt.type_string() }}) as left_node,
        cast(null as {{ dbt.type_string() }}) as right_node,
        case
            when verdict = 'over_cap' then 'shared by too many'
            else reason
        end as reason,
        first_seen_at as stopped_at
    from identifiers
),

stopped_devices as (
    select
        'fan_out_cap' as guard,
        'device' as rule,
        'anonymous_id' as identifier_type,
        source_relation as identifier_scope,
        anonymous_id as identifier_value,
        cast(null as {{ dbt.type_string() }}) as left_node,
        cast(null as {{ dbt.type_string() }}) as right_node,
        cast(max(email_count) as {{ dbt.type_string() }}) || ' e-mail addresses in one browser'
            as reason,
        min(first_seen_at) as stopped_at
    from device_sightings
    where is_over_cap
    group by source_relation, anonymous_id
),

shared_devices as (
    select
        'temporal_device' as guard,
        'device' as rule,
        'anonymous_id' as identifier_type,
        source_relation as identifier_scope,
        anonymous_id as identifier_value,
        cast(null as {{ dbt.type_string() }}) as left_node,
        cast(null as {{ dbt.type_string() }}) as right_node,
        'several customers: each visit is of whoever signed in next' as reason,
        min(valid_to) as stopped_at
    from device_spans
    group by source_relation, anonymous_id
),

stopped_pairs as (
    select
        guard,
        rule,
        identifier_type,
        identifier_scope,
        identifier_value,
        left_node,
        right_node,
        'not seen for longer than the rule allows' as reason,
        linked_at as stopped_at
    from strong_pairs
    union all
    select
        guard,
        rule,
        identifier_type,
        identifier_scope,
        identifier_value,
        left_node,
        right_node,
        coalesce(reason, 'not seen for longer than the rule allows') as reason,
        linked_at as stopped_at
    from weak_pairs
    union all
    select
        guard,
        rule,
        identifier_type,
        identifier_scope,
        identifier_value,
        left_node,
        right_node,
        reason,
        linked_at as stopped_at
    from stops
),

stopped as (
    select * from stopped_identifiers
    union all
    select * from stopped_devices
    union all
    select * from shared_devices
    union all
    select * from stopped_pairs
),

final as (
    select
        {{ row_hash([
            'stopped.guard', 'stopped.rule', 'stopped.identifier_type',
            'stopped.identifier_scope', 'stopped.identifier_value', 'stopped.left_node',
            'stopped.right_node',
        ]) }} as stop_id,
        stopped.guard,
        stopped.rule,
        stopped.identifier_type,
        stopped.identifier_scope,
        {{ sha256_hex('stopped.identifier_value') }} as identifier_sha256,
        stopped.left_node as left_node_key,
        stopped.right_node as right_node_key,
        left_members.customer_id as left_customer_id,
        right_members.customer_id as right_customer_id,
        stopped.reason,
        stopped.stopped_at
    from stopped
    left join members as left_members on stopped.left_node = left_members.node_key
    left join members as right_members on stopped.right_node = right_members.node_key
)

select * from final
