with

order_lines as (
    select * from {{ ref('int_order_lines') }}
),

unit_costs as (
    select
        order_line_id,
        cost_quality
    from {{ ref('int_unit_costs_as_of') }}
),

cost_types as (
    select * from {{ ref('cost_lines') }}
),

cost_lines as (
    select * from {{ ref('int_cost_lines') }}
),

line_totals as (
    select
        cost_lines.order_line_id,
        {%- for cost_type in margin_columns() %}
        sum(case when cost_lines.cost_type = '{{ cost_type }}' then cost_lines.amount else 0 end)
            as {{ cost_type }},
        {%- endfor %}
        sum(case when cost_types.margin_step = 'cm1' then cost_lines.amount else 0 end)
            as cm1_amount,
        sum(case when cost_types.margin_step = 'cm1' then cost_lines.shop_amount else 0 end)
            as cm1_shop_amount,
        sum(cost_lines.amount) as cm2_amount,
        sum(cost_lines.shop_amount) as cm2_shop_amount,
        sum(case when cost_types.is_after_sale then 0 else cost_lines.amount end)
            as cm2_at_order_amount,
        sum(case when cost_lines.is_estimated then 1 else 0 end) as estimated_cost_count
    from cost_lines
    inner join cost_types
        on cost_lines.cost_type = cost_types.cost_type
    group by cost_lines.order_line_id
),

final as (
    select
        order_lines.order_line_id,
        order_lines.order_id,
        order_lines.customer_id,
        order_lines.source_relation,
        order_lines.sku,
        order_lines.currency,
        coalesce(unit_costs.cost_quality, 'exact') as cost_quality,
        order_lines.quantity,
        coalesce(line_totals.estimated_cost_count, 0) as estimated_cost_count,
        {%- for cost_type, column in margin_columns().items() %}
        {%- if column.sign == -1 %}
        cast(-coalesce(line_totals.{{ cost_type }}, 0) as decimal(18, 4)) as {{ column.name }},
        {%- else %}
        cast(coalesce(line_totals.{{ cost_type }}, 0) as decimal(18, 4)) as {{ column.name }},
        {%- endif %}
        {%- endfor %}
        cast(
            order_lines.net_merchandise_sales_amount
            + coalesce(line_totals.merchandise_refund, 0) as decimal(18, 4)
        ) as net_merchandise_sales_amount,
        case
            when unit_costs.cost_quality = 'missing' then 0
            else greatest(order_lines.net_merchandise_sales_amount, 0)
        end as covered_sales_amount,
        cast(coalesce(line_totals.cm1_amount, 0) as decimal(18, 4)) as cm1_amount,
        cast(coalesce(line_totals.cm1_shop_amount, 0) as decimal(18, 4)) as cm1_shop_amount,
        cast(coalesce(line_totals.cm2_amount, 0) as decimal(18, 4)) as cm2_amount,
        cast(coalesce(line_totals.cm2_shop_amount, 0) as decimal(18, 4)) as cm2_shop_amount,
        cast(coalesce(line_totals.cm2_at_order_amount, 0) as decimal(18, 4)) as cm2_at_order_amount,
        order_lines.order_date,
        order_lines.ordered_at
    from order_lines
    left join line_totals
        on order_lines.order_line_id = line_totals.order_line_id
    left join unit_costs
        on order_lines.order_line_id = unit_costs.order_line_id
)

select * from final
