{# The title is the newest of the sales, the greatest of a day: an export may write several. #}

with

product_classes as (
    select * from {{ ref('int_product_classes') }}
),

order_lines as (
    select
        *,
        coalesce(sku, 'unknown') as product_sku
    from {{ ref('int_order_lines') }}
),

titles as (
    select
        source_relation,
        product_sku,
        product_title,
        row_number() over (
            partition by source_relation, product_sku
            order by ordered_at desc, product_title desc, order_line_id asc
        ) as title_number
    from order_lines
    where product_title is not null
),

sold as (
    select
        source_relation,
        product_sku,
        count(*) as order_line_count,
        sum(case when customer_id is null then 1 else 0 end) as no_customer_line_count,
        sum(net_merchandise_sales_amount) as net_merchandise_sales_amount,
        sum(gift_card_sales_amount) as gift_card_sales_amount
    from order_lines
    group by source_relation, product_sku
),

refunded as (
    select
        source_relation,
        coalesce(sku, 'unknown') as product_sku,
        count(*) as refund_line_count,
        sum(case when refund_kind <> 'shipping' and not is_gift_card then refund_amount else 0 end)
            as refund_amount
    from {{ ref('int_refund_lines') }}
    group by source_relation, coalesce(sku, 'unknown')
),

final as (
    select
        product_classes.source_relation,
        product_classes.sku,
        titles.product_title,
        product_classes.product_class,
        product_classes.class_rule,
        cast(coalesce(sold.order_line_count, 0) as {{ dbt.type_bigint() }}) as order_line_count,
        cast(coalesce(sold.no_customer_line_count, 0) as {{ dbt.type_bigint() }})
            as no_customer_line_count,
        cast(coalesce(refunded.refund_line_count, 0) as {{ dbt.type_bigint() }})
            as refund_line_count,
        cast(coalesce(sold.net_merchandise_sales_amount, 0) as decimal(18, 4))
            as net_merchandise_sales_amount,
        cast(coalesce(refunded.refund_amount, 0) as decimal(18, 4)) as refund_amount,
        cast(coalesce(sold.gift_card_sales_amount, 0) as decimal(18, 4)) as gift_card_sales_amount
    from product_classes
    left join titles
        on product_classes.source_relation = titles.source_relation
        and product_classes.sku = titles.product_sku
        and titles.title_number = 1
    left join sold
        on product_classes.source_relation = sold.source_relation
        and product_classes.sku = sold.product_sku
    left join refunded
        on product_classes.source_relation = refunded.source_relation
        and product_classes.sku = refunded.product_sku
)

select * from final
