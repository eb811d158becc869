{# The customer is the one of the visit: a browser that nobody ever knew has none. #}

with

events as (
    select * from {{ ref('stg_web__events') }}
    where
        event_name in ('product_viewed', 'add_to_cart', 'product_added', 'checkout_started')
),

session_events as (
    select
        source_relation,
        web_event_id,
        session_id
    from {{ ref('int_session_events') }}
),

session_customers as (
    select
        session_id,
        customer_id
    from {{ ref('int_session_customers') }}
),

final as (
    select
        {{ concat_text(['events.source_relation', 'events.web_event_id'], ':') }}
            as product_event_id,
        session_customers.customer_id,
        events.source_relation,
        events.sku,
        case events.event_name
            when 'product_viewed' then 'viewed'
            when 'checkout_started' then 'checkout'
            else 'carted'
        end as event_kind,
        events.currency,
        case when events.event_name in ('add_to_cart', 'product_added') then events.value_amount end
            as unit_price_shop_amount,
        events.occurred_at
    from events
    inner join session_events
        on events.source_relation = session_events.source_relation
        and events.web_event_id = session_events.web_event_id
    inner join session_customers
        on session_events.session_id = session_customers.session_id
    where session_customers.customer_id is not null
)

select * from final
