{# A conversion is worth what the order contributes, so that bidding buys margin, not sales. An
   order whose goods have no known cost is left out: its sales would pass for margin. A loss is
   worth zero: nobody can bid less. #}

with

as_of as (
    select as_of_at from {{ ref('int_as_of') }}
),

order_margins as (
    select * from {{ ref('fct_order_margin') }}
    where
        customer_id is not null
        and order_scope = 'dtc'
        and sales_channel = 'online_store'
        and not is_cancelled
        and cost_quality <> 'missing'
),

order_clicks as (
    select * from {{ ref('fct_order_clicks') }}
),

final as (
    select
        'purchase:' || order_margins.order_id as event_id,
        order_margins.order_id,
        order_margins.customer_id,
        order_clicks.click_id,
        order_clicks.click_id_type,
        order_clicks.user_agent,
        order_clicks.page_address,
        '{{ var("reporting_currency") }}' as currency,
        order_margins.cost_quality,
        cast(greatest(order_margins.cm2_amount, 0) as decimal(18, 4)) as conversion_value_amount,
        order_margins.cm2_amount,
        order_clicks.clicked_at,
        order_margins.ordered_at
    from order_margins
    cross join as_of
    left join order_clicks
        on order_margins.order_id = order_clicks.order_id
    where
        order_margins.ordered_at <= as_of.as_of_at
        and order_margins.ordered_at
        > {{ dbt.dateadd('day', -var('conversion_window_days', 6), 'as_of.as_of_at') }}
)

select * from final
