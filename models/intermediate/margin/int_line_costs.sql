{# What belongs to a line without allocation. Goods that come back resellable return what the line
   cost when it was sold, in the reporting currency as well: no later price or rate touches them. #}

with

order_lines as (
    select * from {{ ref('int_order_lines') }}
),

orders as (
    select
        order_id,
        reporting_minor_unit_digits
    from {{ ref('int_orders') }}
),

unit_costs as (
    select * from {{ ref('int_unit_costs_as_of') }}
    where cost_quality <> 'missing'
),

refund_lines as (
    select * from {{ ref('int_refund_lines') }}
    where order_line_id is not null and not is_gift_card
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates_daily') }}
),

rated_costs as (
    select
        order_lines.order_line_id,
        order_lines.currency,
        order_lines.exchange_rate,
        order_lines.minor_unit_digits,
        orders.reporting_minor_unit_digits,
        unit_costs.currency as cost_currency,
        unit_costs.unit_cost_amount,
        unit_costs.cost_quality = 'fallback' as is_estimated,
        {{ rate_to_reporting('unit_costs.currency', 'exchange_rates.exchange_rate') }} as cost_rate
    from order_lines
    inner join orders
        on order_lines.order_id = orders.order_id
    inner join unit_costs
        on order_lines.order_line_id = unit_costs.order_line_id
    left join exchange_rates
        on unit_costs.currency = exchange_rates.currency
        and order_lines.order_date = exchange_rates.rate_date
),

goods as (
    select
        order_line_id,
        'order_line:' || order_line_id as source_row,
        'cost_of_goods' as cost_type,
        -quantity as quantity,
        order_date as event_date
    from order_lines
    union all
    select
        order_line_id,
        'refund_line:' || refund_line_id as source_row,
        'cost_of_goods_returned' as cost_type,
        quantity,
        refund_date as event_date
    from refund_lines
    where restock_type in ('return', 'cancel')
),

valued_goods as (
    select
        goods.order_line_id,
        goods.source_row,
        goods.cost_type,
        rated_costs.is_estimated,
        goods.event_date,
        {{ cost_in_currency(
            'goods.quantity * rated_costs.unit_cost_amount', 'rated_costs.cost_currency',
            'rated_costs.cost_rate', 'rated_costs.currency', 'rated_costs.exchange_rate',
            'rated_costs.minor_unit_digits'
        ) }} as shop_amount,
        {{ convert_amount(
            'goods.quantity * rated_costs.unit_cost_amount', 'rated_costs.cost_rate',
            'rated_costs.reporting_minor_unit_digits'
        ) }} as amount
    from goods
    inner join rated_costs
        on goods.order_line_id = rated_costs.order_line_id
),

entries as (
    select
        order_line_id,
        'order_line:' || order_line_id as source_row,
        'gross_merchandise_sales' as cost_type,
        gross_merchandise_sales_shop_amount as shop_amount,
        gross_merchandise_sales_amount as amount,
        false as is_estimated,
        order_date as event_date
    from order_lines
    union all
    select
        order_line_id,
        'order_line:' || order_line_id as source_row,
        'discount' as cost_type,
        -discount_shop_amount as shop_amount,
        -discount_amount as amount,
        false as is_estimated,
        order_date as event_date
    from order_lines
    union all
    select
        order_line_id,
        'refund_line:' || refund_line_id as source_row,
        'merchandise_refund' as cost_type,
        -refund_shop_amount as shop_amount,
        -refund_amount as amount,
        false as is_estimated,
        refund_date as event_date
    from refund_lines
    union all
    select
        order_line_id,
        'refund_line:' || refund_line_id as source_row,
        'exchange_difference' as cost_type,
        0 as shop_amount,
        refund_amount - refund_paid_amount as amount,
        false as is_estimated,
        refund_date as event_date
    from refund_lines
    union all
    select
        order_line_id,
        source_row,
        cost_type,
        shop_amount,
        amount,
        is_estimated,
        event_date
    from valued_goods
),

final as (
    select
        order_line_id,
        source_row,
        cost_type,
        cast(shop_amount as decimal(18, 4)) as shop_amount,
        cast(amount as decimal(18, 4)) as amount,
        is_estimated,
        event_date
    from entries
    where shop_amount <> 0 or amount <> 0
)

select * from final
