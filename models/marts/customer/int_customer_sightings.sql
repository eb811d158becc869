{{ config(materialized='ephemeral', access='private') }}

{# When a customer was last seen at all, and last answered on her own: visits and mail, not
   orders. #}

with

visits as (
    select
        customer_id,
        max(ended_at) as seen_at
    from {{ ref('fct_sessions') }}
    where customer_id is not null
    group by customer_id
),

orders as (
    select
        customer_id,
        max(ordered_at) as seen_at
    from {{ ref('fct_orders') }}
    where customer_id is not null
    group by customer_id
),

engagements as (
    select
        customer_id,
        last_engaged_at as seen_at
    from {{ ref('int_customer_engagement') }}
    where last_engaged_at is not null
),

carts as (
    select
        customer_id,
        last_cart_at as seen_at
    from {{ ref('int_customer_carts') }}
),

sightings as (
    select
        customer_id,
        seen_at,
        seen_at as engaged_at
    from visits
    union all
    select
        customer_id,
        seen_at,
        seen_at as engaged_at
    from engagements
    union all
    select
        customer_id,
        seen_at,
        cast(null as {{ dbt.type_timestamp() }}) as engaged_at
    from orders
    union all
    select
        customer_id,
        seen_at,
        cast(null as {{ dbt.type_timestamp() }}) as engaged_at
    from carts
),

final as (
    select
        customer_id,
        max(seen_at) as last_seen_at,
        max(engaged_at) as last_engaged_at
    from sightings
    group by customer_id
)

select * from final
