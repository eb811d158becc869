with

line_margins as (
    select * from {{ ref('fct_order_line_margin') }}
),

orders as (
    select order_id
    from {{ ref('fct_order_margin') }}
    where order_scope in ('dtc', 'replacement')
),

final as (
    select
        line_margins.source_relation,
        coalesce(line_margins.sku, 'unknown') as sku,
        cast(sum(line_margins.quantity) as {{ dbt.type_bigint() }}) as quantity,
        count(*) as order_line_count,
        cast(sum(line_margins.estimated_cost_count) as {{ dbt.type_bigint() }})
            as estimated_cost_count,
        cast(sum(line_margins.net_merchandise_sales_amount) as decimal(18, 4))
            as net_merchandise_sales_amount,
        cast(sum(line_margins.refund_amount) as decimal(18, 4)) as refund_amount,
        cast(sum(line_margins.net_sales_amount) as decimal(18, 4)) as net_sales_amount,
        cast(sum(line_margins.cost_of_goods_amount) as decimal(18, 4)) as cost_of_goods_amount,
        cast(sum(line_margins.cm1_amount) as decimal(18, 4)) as cm1_amount,
        cast(sum(line_margins.cm2_amount) as decimal(18, 4)) as cm2_amount,
        cast(sum(line_margins.marketing_cost_amount) as decimal(18, 4)) as marketing_cost_amount,
        cast(sum(line_margins.cm3_amount) as decimal(18, 4)) as cm3_amount,
        {{ cost_coverage_of_lines('line_margins') }} as cost_coverage_ratio,
        line_margins.order_date
    from line_margins
    inner join orders
        on line_margins.order_id = orders.order_id
    group by
        line_margins.source_relation, coalesce(line_margins.sku, 'unknown'),
        line_margins.order_date
)

select * from final
