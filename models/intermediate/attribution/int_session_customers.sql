{# Whose session it was: the customer that its last identified event names, by order, account,
   e-mail or phone; else the customer whose browser it was then: the only one it ever had, or of
   several the one who made herself known next. #}

with

events as (
    select
        source_relation,
        web_event_id,
        occurred_at,
        cast(shopify_order_id as {{ dbt.type_string() }}) as shopify_order_id,
        user_id,
        {{ normalise_email_for_matching('email') }} as email,
        phone_number
    from {{ ref('stg_web__events') }}
    where
        shopify_order_id is not null
        or user_id is not null
        or email is not null
        or phone_number is not null
),

session_events as (
    select * from {{ ref('int_session_events') }}
),

identity_map as (
    select
        identifier_type,
        identifier_scope,
        identifier_value,
        customer_id
    from {{ ref('identity_map') }}
),

device_spans as (
    select * from {{ ref('device_spans') }}
),

identifiers as (
    select
        source_relation,
        web_event_id,
        occurred_at,
        1 as identifier_rank,
        'shopify_order_id' as identifier_type,
        source_relation as identifier_scope,
        shopify_order_id as identifier_value
    from events
    where shopify_order_id is not null
    union all
    select
        source_relation,
        web_event_id,
        occurred_at,
        2 as identifier_rank,
        'shopify_customer_id' as identifier_type,
        source_relation as identifier_scope,
        user_id as identifier_value
    from events
    where user_id is not null
    union all
    select
        source_relation,
        web_event_id,
        occurred_at,
        3 as identifier_rank,
        'email' as identifier_type,
        '' as identifier_scope,
        email as identifier_value
    from events
    where email is not null
    union all
    select
        source_relation,
        web_event_id,
        occurred_at,
        4 as identifier_rank,
        'phone' as identifier_type,
        '' as identifier_scope,
        phone_number as identifier_value
    from events
    where phone_number is not null
),

identified as (
    select
        session_events.session_id,
        identity_map.customer_id,
        row_number() over (
            partition by session_events.session_id
            order by
                identifiers.occurred_at desc,
                identifiers.web_event_id desc,
                identifiers.identifier_rank asc
        ) as customer_rank
    from identifiers
    inner join identity_map
        on identifiers.identifier_type = identity_map.identifier_type
        and identifiers.identifier_scope = identity_map.identifier_scope
        and identifiers.identifier_value = identity_map.identifier_value
    inner join session_events
        on identifiers.source_relation = session_events.source_relation
        and identifiers.web_event_id = session_events.web_event_id
),

last_identified as (
    select *
    from identified
    where customer_rank = 1
),

device_sessions as (
    select
        session_events.session_id,
        device_spans.customer_id
    from session_events
    inner join device_spans
        on session_events.source_relation = device_spans.source_relation
        and session_events.anonymous_id = device_spans.anonymous_id
        and coalesce(session_events.occurred_at > device_spans.valid_from, true)
        and coalesce(session_events.occurred_at <= device_spans.valid_to, true)
    where session_events.is_first_event
),

final as (
    select
        coalesce(last_identified.session_id, device_sessions.session_id) as session_id,
        coalesce(last_identified.customer_id, device_sessions.customer_id) as customer_id,
        last_identified.customer_id is not null as is_identified
    from last_identified
    full join device_sessions
        on last_identified.session_id = device_sessions.session_id
)

select * from final
