with

orders as (
    select * from {{ ref('int_orders') }}
),

line_margins as (
    select * from {{ ref('fct_order_line_margin') }}
),

order_totals as (
    select
        order_id,
        {%- for column in margin_columns().values() %}
        sum({{ column.name }}) as {{ column.name }},
        {%- endfor %}
        sum(net_merchandise_sales_amount) as net_merchandise_sales_amount,
        sum(covered_sales_amount) as covered_sales_amount,
        sum(
            greatest(gross_merchandise_sales_amount - discount_amount, 0)
        ) as costed_sales_amount,
        sum(cm1_amount) as cm1_amount,
        sum(cm1_shop_amount) as cm1_shop_amount,
        sum(cm2_amount) as cm2_amount,
        sum(cm2_shop_amount) as cm2_shop_amount,
        sum(cm2_at_order_amount) as cm2_at_order_amount,
        sum(estimated_cost_count) as estimated_cost_count,
        max(case cost_quality when 'missing' then 3 when 'fallback' then 2 else 1 end)
            as cost_quality_rank
    from line_margins
    group by order_id
),

final as (
    select
        orders.order_id,
        orders.customer_id,
        orders.source_relation,
        orders.sales_channel,
        orders.order_scope,
        orders.currency,
        case order_totals.cost_quality_rank
            when 3 then 'missing'
            when 2 then 'fallback'
            else 'exact'
        end as cost_quality,
        coalesce(order_totals.estimated_cost_count, 0) as estimated_cost_count,
        {%- for column in margin_columns().values() %}
        cast(coalesce(order_totals.{{ column.name }}, 0) as decimal(18, 4)) as {{ column.name }},
        {%- endfor %}
        cast(coalesce(order_totals.net_merchandise_sales_amount, 0) as decimal(18, 4))
            as net_merchandise_sales_amount,
        cast(coalesce(order_totals.cm1_amount, 0) as decimal(18, 4)) as cm1_amount,
        cast(coalesce(order_totals.cm1_shop_amount, 0) as decimal(18, 4)) as cm1_shop_amount,
        cast(coalesce(order_totals.cm2_amount, 0) as decimal(18, 4)) as cm2_amount,
        cast(coalesce(order_totals.cm2_shop_amount, 0) as decimal(18, 4)) as cm2_shop_amount,
        cast(coalesce(order_totals.cm2_at_order_amount, 0) as decimal(18, 4)) as cm2_at_order_amount,
        case
            when order_totals.costed_sales_amount > 0
                then cast(
                    order_totals.covered_sales_amount / order_totals.costed_sales_amount
                    as decimal(9, 6)
                )
            when order_totals.cost_quality_rank = 3 then cast(0 as decimal(9, 6))
            else cast(1 as decimal(9, 6))
        end as cost_coverage_ratio,
        orders.is_cancelled,
        orders.order_date,
        orders.ordered_at
    from orders
    left join order_totals
        on orders.order_id = order_totals.order_id
)

select * from final
