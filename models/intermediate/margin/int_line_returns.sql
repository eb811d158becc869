{# What of a line came back within the return window, and what could still come. Cancellations leave
   before they are sent: they are no returns, yet what they took cannot come back any more. #}

with

order_lines as (
    select * from {{ ref('int_order_lines') }}
    where not is_gift_card
),

orders as (
    select
        order_id,
        order_scope,
        reporting_minor_unit_digits,
        is_cancelled
    from {{ ref('int_orders') }}
),

refund_lines as (
    select
        order_line_id,
        refund_kind,
        restock_type,
        quantity,
        refund_amount,
        {{ dbt.datediff('order_date', 'refund_date', 'day') }}
            as return_age_days
    from {{ ref('int_refund_lines') }}
    where order_line_id is not null
),

as_of as (
    select {{ shop_date('as_of_at') }} as as_of_date from {{ ref('int_as_of') }}
),

line_refunds as (
    select
        order_line_id,
        sum(quantity) as refunded_quantity,
        sum(refund_amount) as refund_amount,
        sum(
            case
                when refund_kind = 'line' and return_age_days <= {{ var('return_maturity_days') }}
                    then quantity
                else 0
            end
        ) as returned_quantity,
        sum(
            case
                when
                    refund_kind = 'line'
                    and restock_type = 'return'
                    and return_age_days <= {{ var('return_maturity_days') }}
                    then quantity
                else 0
            end
        ) as restocked_quantity
    from refund_lines
    group by order_line_id
),

aged_lines as (
    select
        order_lines.*,
        orders.is_cancelled,
        orders.order_scope,
        orders.reporting_minor_unit_digits,
        {{ dbt.datediff('order_lines.order_date', 'as_of.as_of_date', 'day') }}
            as age_days
    from order_lines
    inner join orders
        on order_lines.order_id = orders.order_id
    cross join as_of
),

final as (
    select
        aged_lines.order_line_id,
        aged_lines.source_relation,
        coalesce(aged_lines.sku, '') as sku,
        aged_lines.reporting_minor_unit_digits,
        aged_lines.age_days,
        aged_lines.quantity,
        least(coalesce(line_refunds.returned_quantity, 0), aged_lines.quantity)
            as returned_quantity,
        least(coalesce(line_refunds.restocked_quantity, 0), aged_lines.quantity)
            as restocked_quantity,
        case
            when aged_lines.is_cancelled then 0
            else greatest(
                aged_lines.quantity - coalesce(line_refunds.refunded_quantity, 0), 0
            )
        end as remaining_quantity,
        cast(
            greatest(
                aged_lines.net_merchandise_sales_amount - coalesce(line_refunds.refund_amount, 0),
                0
            ) as decimal(18, 4)
        ) as remaining_sales_amount,
        aged_lines.age_days >= {{ var('return_maturity_days') }} as is_mature,
        aged_lines.order_scope = 'dtc' and not aged_lines.is_cancelled as is_counted
    from aged_lines
    left join line_refunds
        on aged_lines.order_line_id = line_refunds.order_line_id
)

select * from final
