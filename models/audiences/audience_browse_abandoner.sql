{# One product a customer: the one she looked at last. #}

with

rules as (
    {{ segment_rules('browse_abandoner', [
        'window_hours', 'minimum_view_count', 'minimum_stock_count',
    ]) }}
),

customers as (
    select
        customer_id,
        last_ordered_at,
        as_of_at
    from {{ ref('dim_customers') }}
),

events as (
    select
        product_events.*,
        customers.last_ordered_at
    from {{ ref('fct_product_events') }} as product_events
    cross join rules
    inner join customers
        on product_events.customer_id = customers.customer_id
    where
        product_events.occurred_at <= customers.as_of_at
        and {{ dbt.dateadd(
            'hour', 'cast(rules.window_hours as integer)', 'product_events.occurred_at'
        ) }} >= customers.as_of_at
),

carts as (
    select customer_id from events
    where event_kind <> 'viewed'
    group by customer_id
),

cart_abandoners as (
    select customer_id from {{ ref('audience_cart_abandoner') }}
),

views as (
    select
        customer_id,
        source_relation,
        sku,
        last_ordered_at,
        count(*) as view_count,
        max(occurred_at) as last_viewed_at
    from events
    where event_kind = 'viewed' and sku is not null
    group by customer_id, source_relation, sku, last_ordered_at
),

stock as (
    select * from {{ ref('fct_stock_levels') }}
),

met as (
    select
        views.customer_id,
        views.sku,
        views.last_viewed_at,
        row_number() over (
            partition by views.customer_id
            order by views.last_viewed_at desc, views.source_relation asc, views.sku asc
        ) as place
    from views
    cross join rules
    inner join stock
        on views.source_relation = stock.source_relation
        and views.sku = stock.sku
    left join carts
        on views.customer_id = carts.customer_id
    left join cart_abandoners
        on views.customer_id = cart_abandoners.customer_id
    where
        carts.customer_id is null
        and cart_abandoners.customer_id is null
        and (views.last_ordered_at is null or views.last_ordered_at < views.last_viewed_at)
        and views.view_count >= rules.minimum_view_count
        and stock.stock_count >= rules.minimum_stock_count
),

final as (
    select
        customer_id,
        'viewed_again:' || sku as reason,
        last_viewed_at as entered_at
    from met
    where place = 1
)

select * from final
