{# The one additive table of margin: any sum of it, over lines, types or either date, is right. The
   entries of a line lie side by side: whoever sums lines up holds each once, not once per type.
   A refund without an order has neither line nor order, and one day on both clocks. #}

with

order_lines as (
    select
        order_line_id,
        order_id,
        currency,
        order_date
    from {{ ref('int_order_lines') }}
),

entries as (
    select * from {{ ref('int_line_costs') }}
    union all
    select * from {{ ref('int_allocated_costs') }}
),

unmatched_refunds as (
    select * from {{ ref('int_unmatched_refunds') }}
),

final as (
    select
        entries.source_row,
        entries.cost_type,
        entries.order_line_id,
        order_lines.order_id,
        order_lines.currency,
        entries.shop_amount,
        entries.amount,
        entries.is_estimated,
        entries.event_date,
        order_lines.order_date as cohort_date
    from entries
    inner join order_lines
        on entries.order_line_id = order_lines.order_line_id
    union all
    select
        source_row,
        cost_type,
        cast(null as {{ dbt.type_string() }}) as order_line_id,
        cast(null as {{ dbt.type_string() }}) as order_id,
        currency,
        shop_amount,
        cm2_amount as amount,
        false as is_estimated,
        refund_date as event_date,
        refund_date as cohort_date
    from unmatched_refunds
)

select * from final
order by order_line_id
