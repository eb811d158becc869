-- The temporal rule: a visit belongs to whoever made herself known next, never to whoever did
-- before. A browser of one customer is hers at any time; one of several is each one's from the
-- former's last sign to her own, and nobody's after the last.
with

over_caps as (
    select
        source_relation,
        anonymous_id
    from {{ ref('int_identity_device_sightings') }}
    where is_over_cap
    group by source_relation, anonymous_id
),

device_signs as (
    select * from {{ ref('int_identity_device_signs') }}
),

members as (
    select * from {{ ref('int_identity_members') }}
),

rules as (
    select * from {{ ref('identity_rules') }}
    where left_type = 'anonymous_id' and right_type = 'anonymous_id'
),

known as (
    select
        device_signs.source_relation,
        device_signs.anonymous_id,
        members.customer_id,
        device_signs.first_seen_at,
        device_signs.last_seen_at
    from device_signs
    inner join members on device_signs.node_key = members.node_key
    left join over_caps
        on device_signs.source_relation = over_caps.source_relation
        and device_signs.anonymous_id = over_caps.anonymous_id
    where over_caps.anonymous_id is null
),

-- The first and the last sign of a day stand for all of that day.
signs as (
    select
        source_relation,
        anonymous_id,
        customer_id,
        first_seen_at as seen_at
    from known
    union all
    select
        source_relation,
        anonymous_id,
        customer_id,
        last_seen_at as seen_at
    from known
),

moments as (
    select
        source_relation,
        anonymous_id,
        customer_id,
        seen_at
    from signs
    group by source_relation, anonymous_id, customer_id, seen_at
),

ordered as (
    select
        *,
        min(customer_id) over (partition by source_relation, anonymous_id)
        <> max(customer_id) over (partition by source_relation, anonymous_id) as is_shared,
        lag(seen_at) over (
            partition by source_relation, anonymous_id
            order by seen_at, customer_id
        ) as previous_seen_at
    from moments
),

shared_spans as (
    select
        ordered.source_relation,
        ordered.anonymous_id,
        ordered.customer_id,
        case
            when
                ordered.previous_seen_at
                >= {{ dbt.dateadd('day', '-rules.max_age_days', 'ordered.seen_at') }}
                then ordered.previous_seen_at
            else {{ dbt.dateadd('day', '-rules.max_age_days', 'ordered.seen_at') }}
        end as valid_from,
        ordered.seen_at as valid_to,
        ordered.seen_at as first_seen_at
    from ordered
    cross join rules
    where
        ordered.is_shared
        and coalesce(ordered.previous_seen_at < ordered.seen_at, true)
),

sole_spans as (
    select
        source_relation,
        anonymous_id,
        customer_id,
        cast(null as {{ dbt.type_timestamp() }}) as valid_from,
        cast(null as {{ dbt.type_timestamp() }}) as valid_to,
        min(seen_at) as first_seen_at
    from ordered
    where not is_shared
    group by source_relation, anonymous_id, customer_id
),

final as (
    select
        source_relation,
        anonymous_id,
        customer_id,
        true as is_shared,
        valid_from,
        valid_to,
        first_seen_at
    from shared_spans
    union all
    select
        source_relation,
        anonymous_id,
        customer_id,
        false as is_shared,
        valid_from,
        valid_to,
        first_seen_at
    from sole_spans
)

select * from final
