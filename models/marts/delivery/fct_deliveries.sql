{# The key of a row is the customer, save for events, which are keyed by their own id: those of
   orders lead to the customer by the order. #}

with

receipts as (
    select
        *,
        {{ dbt.split_part('object_name', "'/'", 1) }} as object_kind
    from {{ ref('stg_ledger__receipts') }}
),

delivered_objects as (
    select * from {{ ref('delivered_objects') }}
),

order_events as (
    select
        'purchase:' || order_id as event_id,
        order_id,
        customer_id
    from {{ ref('fct_orders') }}
),

final as (
    select
        receipts.ledger_sequence as delivery_id,
        receipts.plan_hash,
        receipts.row_key,
        case
            when delivered_objects.kind in ('membership', 'profile') then receipts.row_key
            when delivered_objects.kind = 'event' then order_events.customer_id
        end as customer_id,
        case when delivered_objects.kind = 'event' then order_events.order_id end as order_id,
        receipts.destination,
        receipts.object_name,
        delivered_objects.channel,
        delivered_objects.kind,
        receipts.operation,
        receipts.row_hash,
        receipts.verdict,
        receipts.verdict_reason,
        receipts.verdict in ('accepted', 'accepted_unverified') as is_accepted,
        receipts.received_at
    from receipts
    left join delivered_objects
        on receipts.destination = delivered_objects.destination
        and receipts.object_kind = delivered_objects.object_kind
    left join order_events
        on receipts.row_key = order_events.event_id
)

select * from final
