{# One row per offer: whoever looked at it is shown it again by ads that lead nowhere. An incident
   outranks an empty shelf as reason; the oldest open one counts. #}

with

rules as (
    {{ segment_rules('incident_pause', ['view_window_days']) }}
),

offers as (
    select
        feed_offer_id,
        sku,
        as_of_at
    from {{ ref('fct_feed_completeness') }}
),

as_of as (
    select max(as_of_at) as as_of_at
    from offers
),

viewed as (
    select events.sku
    from {{ ref('fct_product_events') }} as events
    cross join as_of
    cross join rules
    where
        events.event_kind = 'viewed'
        and events.sku is not null
        and events.occurred_at <= as_of.as_of_at
        and {{ dbt.datediff('events.occurred_at', 'as_of.as_of_at', 'day') }}
        <= rules.view_window_days
    group by events.sku
),

incidents as (
    select
        feed_offer_id,
        sku,
        min(started_at) as started_at
    from {{ ref('fct_feed_incidents') }}
    where ended_at is null and severity in ('S0', 'S1')
    group by feed_offer_id, sku
),

{# Sold out is what no shop of the brand has. #}
stock as (
    select
        sku,
        max(updated_at) as updated_at
    from {{ ref('fct_stock_levels') }}
    group by sku
    having max(stock_count) <= 0
),

met as (
    select
        feed_offer_id,
        sku,
        'open_incident' as reason,
        started_at as entered_at
    from incidents
    union all
    select
        offers.feed_offer_id,
        offers.sku,
        'sold_out' as reason,
        coalesce(stock.updated_at, offers.as_of_at) as entered_at
    from offers
    inner join stock
        on offers.sku = stock.sku
    left join incidents
        on offers.feed_offer_id = incidents.feed_offer_id
    where incidents.feed_offer_id is null
),

final as (
    select
        met.feed_offer_id,
        met.reason,
        met.entered_at
    from met
    inner join viewed
        on met.sku = viewed.sku
)

select * from final
