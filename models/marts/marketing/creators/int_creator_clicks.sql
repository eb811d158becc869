{{ config(access='private') }}

{# Orders whose customer came by a creator's link in the days before, and how long before. #}

with

orders as (
    select
        order_id,
        customer_id,
        ordered_at
    from {{ ref('fct_orders') }}
    where customer_id is not null and order_scope = 'dtc'
),

links as (
    select
        source_relation || ':' || creator_id as creator_id,
        link_tag
    from {{ ref('stg_creators__creators') }}
    where link_tag is not null
),

touches as (
    select
        customer_id,
        lower(utm_campaign) as link_tag,
        touched_at
    from {{ ref('fct_touches') }}
    where utm_campaign is not null and touch_type = 'click'
),

final as (
    select
        orders.order_id,
        links.creator_id,
        max(touches.touched_at) as clicked_at,
        min(orders.ordered_at) as ordered_at
    from orders
    inner join touches
        on orders.customer_id = touches.customer_id
        and touches.touched_at <= orders.ordered_at
        and touches.touched_at
        >= {{ dbt.dateadd('day', -var('attribution_lookback_days'), 'orders.ordered_at') }}
    inner join links
        on touches.link_tag = links.link_tag
    group by orders.order_id, links.creator_id
)

select * from final
