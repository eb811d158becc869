{# Every order line and refund once, on the month in which it happened, so that what is no
   merchandise, names nobody or names no order is seen beside the rest. #}

with

product_classes as (
    select * from {{ ref('int_product_classes') }}
),

orders as (
    select
        order_id,
        order_scope
    from {{ ref('int_orders') }}
),

entries as (
    select
        order_id,
        source_relation,
        coalesce(sku, 'unknown') as sku,
        customer_id is not null as has_customer,
        1 as order_line_count,
        0 as refund_line_count,
        gross_merchandise_sales_amount,
        net_merchandise_sales_amount,
        cast(0 as decimal(18, 4)) as refund_amount,
        gift_card_sales_amount,
        order_date as event_date
    from {{ ref('int_order_lines') }}
    union all
    select
        order_id,
        source_relation,
        coalesce(sku, 'unknown') as sku,
        customer_id is not null as has_customer,
        0 as order_line_count,
        1 as refund_line_count,
        cast(0 as decimal(18, 4)) as gross_merchandise_sales_amount,
        cast(0 as decimal(18, 4)) as net_merchandise_sales_amount,
        case when refund_kind <> 'shipping' and not is_gift_card then refund_amount else 0 end
            as refund_amount,
        case when is_gift_card then -refund_amount else 0 end as gift_card_sales_amount,
        refund_date as event_date
    from {{ ref('int_refund_lines') }}
),

classed as (
    select
        entries.*,
        product_classes.product_class,
        coalesce(orders.order_scope, 'no_order') as order_scope,
        cast({{ dbt.date_trunc('month', 'entries.event_date') }} as date) as sales_month
    from entries
    inner join product_classes
        on entries.source_relation = product_classes.source_relation
        and entries.sku = product_classes.sku
    left join orders
        on entries.order_id = orders.order_id
),

final as (
    select
        source_relation,
        product_class,
        order_scope,
        cast(sum(order_line_count) as {{ dbt.type_bigint() }}) as order_line_count,
        cast(sum(refund_line_count) as {{ dbt.type_bigint() }}) as refund_line_count,
        cast(sum(gross_merchandise_sales_amount) as decimal(18, 4))
            as gross_merchandise_sales_amount,
        cast(sum(net_merchandise_sales_amount) as decimal(18, 4)) as net_merchandise_sales_amount,
        cast(sum(refund_amount) as decimal(18, 4)) as refund_amount,
        cast(sum(net_merchandise_sales_amount - refund_amount) as decimal(18, 4))
            as net_sales_amount,
        cast(sum(gift_card_sales_amount) as decimal(18, 4)) as gift_card_sales_amount,
        has_customer,
        sales_month
    from classed
    group by source_relation, product_class, order_scope, has_customer, sales_month
)

select * from final
