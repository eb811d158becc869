{# A refund without an order stands on its own day: it has no order's. #}

with

line_margins as (
    select
        *,
        coalesce(sku, 'unknown') as product_sku
    from {{ ref('fct_order_line_margin') }}
),

orders as (
    select order_id
    from {{ ref('fct_order_margin') }}
    where order_scope in ('dtc', 'replacement')
),

product_classes as (
    select * from {{ ref('int_product_classes') }}
),

sold as (
    select
        line_margins.source_relation,
        line_margins.product_sku as sku,
        sum(line_margins.quantity) as quantity,
        count(*) as order_line_count,
        sum(line_margins.estimated_cost_count) as estimated_cost_count,
        sum(line_margins.net_merchandise_sales_amount) as net_merchandise_sales_amount,
        sum(line_margins.refund_amount) as refund_amount,
        sum(line_margins.net_sales_amount) as net_sales_amount,
        sum(line_margins.cost_of_goods_amount) as cost_of_goods_amount,
        sum(line_margins.cm1_amount) as cm1_amount,
        sum(line_margins.cm2_amount) as cm2_amount,
        sum(line_margins.marketing_cost_amount) as marketing_cost_amount,
        sum(line_margins.cm3_amount) as cm3_amount,
        {{ cost_coverage_of_lines('line_margins') }} as cost_coverage_ratio,
        line_margins.order_date
    from line_margins
    inner join orders
        on line_margins.order_id = orders.order_id
    group by line_margins.source_relation, line_margins.product_sku, line_margins.order_date
),

unmatched as (
    select
        source_relation,
        coalesce(sku, 'unknown') as sku,
        sum(refund_amount) as refund_amount,
        sum(cm1_amount) as cm1_amount,
        sum(cm2_amount) as cm2_amount,
        refund_date
    from {{ ref('int_unmatched_refunds') }}
    group by source_relation, coalesce(sku, 'unknown'), refund_date
),

days as (
    select
        source_relation,
        sku,
        order_date
    from sold
    union all
    select
        unmatched.source_relation,
        unmatched.sku,
        unmatched.refund_date as order_date
    from unmatched
    left join sold
        on unmatched.source_relation = sold.source_relation
        and unmatched.sku = sold.sku
        and unmatched.refund_date = sold.order_date
    where sold.sku is null
),

final as (
    select
        days.source_relation,
        days.sku,
        product_classes.product_class,
        cast(coalesce(sold.quantity, 0) as {{ dbt.type_bigint() }}) as quantity,
        cast(coalesce(sold.order_line_count, 0) as {{ dbt.type_bigint() }}) as order_line_count,
        cast(coalesce(sold.estimated_cost_count, 0) as {{ dbt.type_bigint() }})
            as estimated_cost_count,
        cast(coalesce(sold.net_merchandise_sales_amount, 0) as decimal(18, 4))
            as net_merchandise_sales_amount,
        cast(
            coalesce(sold.refund_amount, 0) + coalesce(unmatched.refund_amount, 0)
            as decimal(18, 4)
        ) as refund_amount,
        cast(coalesce(unmatched.refund_amount, 0) as decimal(18, 4)) as unmatched_refund_amount,
        cast(
            coalesce(sold.net_sales_amount, 0) - coalesce(unmatched.refund_amount, 0)
            as decimal(18, 4)
        ) as net_sales_amount,
        cast(
            case when sold.sku is null then 0 else sold.cost_of_goods_amount end
            as decimal(18, 4)
        ) as cost_of_goods_amount,
        cast(coalesce(sold.cm1_amount, 0) + coalesce(unmatched.cm1_amount, 0) as decimal(18, 4))
            as cm1_amount,
        cast(coalesce(sold.cm2_amount, 0) + coalesce(unmatched.cm2_amount, 0) as decimal(18, 4))
            as cm2_amount,
        cast(coalesce(sold.marketing_cost_amount, 0) as decimal(18, 4)) as marketing_cost_amount,
        cast(coalesce(sold.cm3_amount, 0) + coalesce(unmatched.cm2_amount, 0) as decimal(18, 4))
            as cm3_amount,
        sold.cost_coverage_ratio,
        days.order_date
    from days
    inner join product_classes
        on days.source_relation = product_classes.source_relation
        and days.sku = product_classes.sku
    left join sold
        on days.source_relation = sold.source_relation
        and days.sku = sold.sku
        and days.order_date = sold.order_date
    left join unmatched
        on days.source_relation = unmatched.source_relation
        and days.sku = unmatched.sku
        and days.order_date = unmatched.refund_date
)

select * from final
