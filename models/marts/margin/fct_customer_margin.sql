with

line_margins as (
    select * from {{ ref('fct_order_line_margin') }}
),

orders as (
    select *
    from {{ ref('fct_order_margin') }}
    where customer_id is not null and order_scope in ('dtc', 'replacement')
),

entries as (
    select
        customer_id,
        case when order_scope = 'dtc' and not is_cancelled then 1 else 0 end as order_count,
        estimated_cost_count,
        net_merchandise_sales_amount,
        cast(0 as decimal(18, 4)) as unmatched_refund_amount,
        net_sales_amount,
        cm1_amount,
        cm2_amount,
        marketing_cost_amount,
        cm3_amount,
        order_date
    from orders
    union all
    select
        customer_id,
        0 as order_count,
        0 as estimated_cost_count,
        cast(0 as decimal(18, 4)) as net_merchandise_sales_amount,
        refund_amount as unmatched_refund_amount,
        -refund_amount as net_sales_amount,
        cm1_amount,
        cm2_amount,
        cast(0 as decimal(18, 4)) as marketing_cost_amount,
        cm2_amount as cm3_amount,
        cast(null as date) as order_date
    from {{ ref('int_unmatched_refunds') }}
    where customer_id is not null
),

customer_sums as (
    select
        customer_id,
        sum(order_count) as order_count,
        sum(estimated_cost_count) as estimated_cost_count,
        sum(net_merchandise_sales_amount) as net_merchandise_sales_amount,
        sum(unmatched_refund_amount) as unmatched_refund_amount,
        sum(net_sales_amount) as net_sales_amount,
        sum(cm1_amount) as cm1_amount,
        sum(cm2_amount) as cm2_amount,
        sum(marketing_cost_amount) as marketing_cost_amount,
        sum(cm3_amount) as cm3_amount,
        min(order_date) as first_order_date,
        max(order_date) as last_order_date
    from entries
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
        customer_sums.customer_id,
        cast(customer_sums.order_count as {{ dbt.type_bigint() }}) as order_count,
        cast(customer_sums.estimated_cost_count as {{ dbt.type_bigint() }})
            as estimated_cost_count,
        cast(customer_sums.net_merchandise_sales_amount as decimal(18, 4))
            as net_merchandise_sales_amount,
        cast(customer_sums.unmatched_refund_amount as decimal(18, 4)) as unmatched_refund_amount,
        cast(customer_sums.net_sales_amount as decimal(18, 4)) as net_sales_amount,
        cast(customer_sums.cm1_amount as decimal(18, 4)) as cm1_amount,
        cast(customer_sums.cm2_amount as decimal(18, 4)) as cm2_amount,
        cast(customer_sums.marketing_cost_amount as decimal(18, 4)) as marketing_cost_amount,
        cast(customer_sums.cm3_amount as decimal(18, 4)) as cm3_amount,
        coverages.cost_coverage_ratio,
        customer_sums.first_order_date,
        customer_sums.last_order_date
    from customer_sums
    left join coverages
        on customer_sums.customer_id = coverages.customer_id
)

select * from final
