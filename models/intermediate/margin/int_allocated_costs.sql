with

order_costs as (
    select * from {{ ref('int_order_costs') }}
),

orders as (
    select
        order_id,
        minor_unit_digits,
        reporting_minor_unit_digits
    from {{ ref('int_orders') }}
),

order_lines as (
    select * from {{ ref('int_order_lines') }}
),

returned_quantities as (
    select
        refund_id,
        order_line_id,
        sum(quantity) as quantity
    from {{ ref('int_refund_lines') }}
    where order_line_id is not null
    group by refund_id, order_line_id
),

weighted as (
    select
        order_costs.order_id,
        order_costs.source_row,
        order_costs.cost_type,
        order_costs.shop_amount,
        order_costs.amount,
        order_costs.is_estimated,
        order_costs.event_date,
        orders.minor_unit_digits,
        orders.reporting_minor_unit_digits,
        order_lines.order_line_id,
        order_lines.shopify_order_line_id,
        greatest(order_lines.quantity, 0) as quantity_weight,
        case order_costs.weight_kind
            when 'net_sales'
                then cast(
                    greatest(order_lines.net_merchandise_sales_shop_amount, 0) * 10000 as bigint
                )
            when 'weight'
                then case
                    when order_lines.is_shipping_required then greatest(order_lines.weight_grams, 0)
                    else 0
                end
            when 'units'
                then case
                    when order_lines.is_shipping_required then greatest(order_lines.quantity, 0)
                    else 0
                end
            when 'returned_weight'
                then coalesce(order_lines.unit_weight_grams * returned_quantities.quantity, 0)
        end as line_weight
    from order_costs
    inner join orders
        on order_costs.order_id = orders.order_id
    inner join order_lines
        on order_costs.order_id = order_lines.order_id
    left join returned_quantities
        on order_costs.refund_id = returned_quantities.refund_id
        and order_lines.order_line_id = returned_quantities.order_line_id
),

allocated as (
    {{ allocate(
        relation='weighted',
        parent=['source_row', 'cost_type'],
        child='shopify_order_line_id',
        weight='line_weight',
        fallback='quantity_weight',
        totals={'shop_amount': 'minor_unit_digits', 'amount': 'reporting_minor_unit_digits'},
        keep=['order_line_id', 'is_estimated', 'event_date']
    ) }}
),

final as (
    select
        order_line_id,
        source_row,
        cost_type,
        allocated_shop_amount as shop_amount,
        allocated_amount as amount,
        is_estimated,
        event_date
    from allocated
    where allocated_shop_amount <> 0 or allocated_amount <> 0
)

select * from final
