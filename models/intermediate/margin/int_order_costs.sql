{# Every amount that stands on an order and is split over its lines, with the weights it is split
   by. Signed: what margin gains is positive. Converted at the rate of its own date, except refunds,
   which go back at the order's rate with the difference beside them. #}

with

orders as (
    select * from {{ ref('int_orders') }}
),

order_shipping as (
    select * from {{ ref('int_order_shipping') }}
),

refund_lines as (
    select * from {{ ref('int_refund_lines') }}
    where order_id is not null and order_line_id is null
),

fulfilment_costs as (
    select * from {{ ref('int_fulfilment_costs') }}
),

payment_costs as (
    select * from {{ ref('int_payment_costs') }}
),

marketplace_costs as (
    select * from {{ ref('int_marketplace_costs') }}
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates_daily') }}
),

billed_costs as (
    select * from fulfilment_costs
    union all
    select
        order_id,
        cast(null as {{ dbt.type_string() }}) as refund_id,
        source_row,
        cost_type,
        'net_sales' as weight_kind,
        currency,
        cost_amount,
        is_estimated,
        event_date
    from payment_costs
    union all
    select
        order_id,
        cast(null as {{ dbt.type_string() }}) as refund_id,
        source_row,
        cost_type,
        'net_sales' as weight_kind,
        currency,
        cost_amount,
        is_estimated,
        event_date
    from marketplace_costs
),

rated_costs as (
    select
        billed_costs.*,
        orders.currency as order_currency,
        orders.minor_unit_digits,
        orders.reporting_minor_unit_digits,
        {{ rate_to_reporting('billed_costs.currency', 'cost_rates.exchange_rate') }} as cost_rate,
        {{ rate_to_reporting('orders.currency', 'order_rates.exchange_rate') }} as order_rate
    from billed_costs
    inner join orders
        on billed_costs.order_id = orders.order_id
    left join exchange_rates as cost_rates
        on billed_costs.currency = cost_rates.currency
        and billed_costs.event_date = cost_rates.rate_date
    left join exchange_rates as order_rates
        on orders.currency = order_rates.currency
        and billed_costs.event_date = order_rates.rate_date
),

entries as (
    select
        order_id,
        refund_id,
        source_row,
        cost_type,
        weight_kind,
        {{ cost_in_currency(
            'cost_amount', 'currency', 'cost_rate', 'order_currency', 'order_rate',
            'minor_unit_digits'
        ) }} as shop_amount,
        {{ convert_amount('cost_amount', 'cost_rate', 'reporting_minor_unit_digits') }} as amount,
        is_estimated,
        event_date
    from rated_costs
    union all
    select
        orders.order_id,
        cast(null as {{ dbt.type_string() }}) as refund_id,
        'order:' || orders.order_id as source_row,
        'shipping_charged' as cost_type,
        'net_sales' as weight_kind,
        order_shipping.shipping_charged_shop_amount as shop_amount,
        order_shipping.shipping_charged_amount as amount,
        false as is_estimated,
        orders.order_date as event_date
    from order_shipping
    inner join orders
        on order_shipping.order_id = orders.order_id
    union all
    select
        order_id,
        refund_id,
        'refund_line:' || refund_line_id as source_row,
        case when refund_kind = 'shipping' then 'shipping_refund' else 'merchandise_refund' end
            as cost_type,
        'net_sales' as weight_kind,
        -refund_shop_amount as shop_amount,
        -refund_amount as amount,
        false as is_estimated,
        refund_date as event_date
    from refund_lines
    union all
    select
        order_id,
        refund_id,
        'refund_line:' || refund_line_id as source_row,
        'exchange_difference' as cost_type,
        'net_sales' as weight_kind,
        cast(0 as decimal(18, 4)) as shop_amount,
        refund_amount - refund_paid_amount as amount,
        false as is_estimated,
        refund_date as event_date
    from refund_lines
),

final as (
    select
        order_id,
        refund_id,
        source_row,
        cost_type,
        weight_kind,
        cast(shop_amount as decimal(18, 4)) as shop_amount,
        cast(amount as decimal(18, 4)) as amount,
        is_estimated,
        event_date
    from entries
    where shop_amount <> 0 or amount <> 0
)

select * from final
