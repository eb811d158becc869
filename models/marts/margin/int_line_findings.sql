{{ config(access='private') }}

{# What is odd about an order line. It counts as it came: a finding takes nothing away. #}

with

order_lines as (
    select * from {{ ref('int_order_lines') }}
),

refunded_lines as (
    select
        order_line_id,
        count(*) as refund_count
    from {{ ref('int_refund_lines') }}
    where order_line_id is not null
    group by order_line_id
),

missing_costs as (
    select order_line_id
    from {{ ref('int_unit_costs_as_of') }}
    where cost_quality = 'missing'
),

findings as (
    select
        'negative_quantity' as finding,
        order_lines.order_id,
        order_lines.order_line_id,
        order_lines.net_merchandise_sales_amount as amount,
        case
            when refunded_lines.order_line_id is null
                then 'The line has a negative quantity and no refund.'
            else 'The line has a negative quantity and a refund as well.'
        end || ' It counts as negative sales on the day of the order.' as reason,
        order_lines.order_date as found_date
    from order_lines
    left join refunded_lines
        on order_lines.order_line_id = refunded_lines.order_line_id
    where order_lines.quantity < 0
    union all
    select
        'missing_cost' as finding,
        order_lines.order_id,
        order_lines.order_line_id,
        order_lines.net_merchandise_sales_amount as amount,
        'Neither the product nor its type has a unit cost. Its margin leaves the cost of goods out.'
            as reason,
        order_lines.order_date as found_date
    from order_lines
    inner join missing_costs
        on order_lines.order_line_id = missing_costs.order_line_id
),

final as (
    select
        finding,
        order_id,
        order_line_id,
        'order_line:' || order_line_id as source_row,
        cast(amount as decimal(18, 4)) as amount,
        reason,
        found_date
    from findings
)

select * from final
