with

line_margins as (
    select * from {{ ref('fct_order_line_margin') }}
),

orders as (
    select *
    from {{ ref('fct_order_margin') }}
    where customer_id is not null and order_scope in ('dtc', 'replacement')
),

order_sums as (
    select
        customer_id,
        sum(case when order_scope = 'dtc' and not is_cancelled then 1 else 0 end) as order_count,
        sum(estimated_cost_count) as estimated_cost_count,
        sum(net_merchandise_sales_amount) as net_merchandise_sales_amount,
        sum(net_sales_amount) as net_sales_amount,
        sum(cm1_amount) as cm1_amount,
        sum(cm2_amount) as cm2_amount,
        sum(marketing_cost_amount) as marketing_cost_amount,
        sum(cm3_amount) as cm3_amount,
        min(order_date) as first_order_date,
        max(order_date) as last_order_date
    from orders
    group by customer_id
),

coverages as (
    select
        orders.customer_id,
        {{ cost_coverage_of_lines('line_margins') }} as cost_coverage_ratio
    from orders
    inner join line_margins
        on orders.order_id = line_margins.order_id
    group by orders.customer_id
),

final as (
    select
        order_sums.customer_id,
        cast(order_sums.order_count as {{ dbt.type_bigint() }}) as order_count,
        cast(order_sums.estimated_cost_count as {{ dbt.type_bigint() }}) as estimated_cost_count,
        cast(order_sums.net_merchandise_sales_amount as decimal(18, 4))
            as net_merchandise_sales_amount,
        cast(order_sums.net_sales_amount as decimal(18, 4)) as net_sales_amount,
        cast(order_sums.cm1_amount as decimal(18, 4)) as cm1_amount,
        cast(order_sums.cm2_amount as decimal(18, 4)) as cm2_amount,
        cast(order_sums.marketing_cost_amount as decimal(18, 4)) as marketing_cost_amount,
        cast(order_sums.cm3_amount as decimal(18, 4)) as cm3_amount,
        coverages.cost_coverage_ratio,
        order_sums.first_order_date,
        order_sums.last_order_date
    from order_sums
    left join coverages
        on order_sums.customer_id = coverages.customer_id
)

select * from final
