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
        cast(sum(gross_merchandise_sales_amount) as decimal(18, 4))
            as gross_merchandise_sales_amount,
        cast(sum(discount_amount) as decimal(18, 4)) as discount_amount,
        cast(sum(refund_amount) as decimal(18, 4)) as refund_amount,
        cast(sum(cost_of_goods_amount) as decimal(18, 4)) as cost_of_goods_amount,
        cast(sum(cost_of_goods_returned_amount) as decimal(18, 4)) as cost_of_goods_returned_amount,
        cast(sum(shipping_charged_amount) as decimal(18, 4)) as shipping_charged_amount,
        cast(sum(shipping_refund_amount) as decimal(18, 4)) as shipping_refund_amount,
        cast(sum(label_cost_amount) as decimal(18, 4)) as label_cost_amount,
        cast(sum(pick_pack_cost_amount) as decimal(18, 4)) as pick_pack_cost_amount,
        cast(sum(packaging_cost_amount) as decimal(18, 4)) as packaging_cost_amount,
        cast(sum(payment_fee_amount) as decimal(18, 4)) as payment_fee_amount,
        cast(sum(marketplace_fee_amount) as decimal(18, 4)) as marketplace_fee_amount,
        cast(sum(refund_administration_fee_amount) as decimal(18, 4))
            as refund_administration_fee_amount,
        cast(sum(return_label_cost_amount) as decimal(18, 4)) as return_label_cost_amount,
        cast(sum(return_handling_cost_amount) as decimal(18, 4)) as return_handling_cost_amount,
        cast(sum(chargeback_amount) as decimal(18, 4)) as chargeback_amount,
        cast(sum(chargeback_fee_amount) as decimal(18, 4)) as chargeback_fee_amount,
        cast(sum(exchange_difference_amount) as decimal(18, 4)) as exchange_difference_amount,
        cast(sum(net_merchandise_sales_amount) as decimal(18, 4)) as net_merchandise_sales_amount,
        cast(sum(net_sales_amount) as decimal(18, 4)) as net_sales_amount,
        cast(sum(cm1_amount) as decimal(18, 4)) as cm1_amount,
        cast(sum(cm1_shop_amount) as decimal(18, 4)) as cm1_shop_amount,
        cast(sum(cm2_amount) as decimal(18, 4)) as cm2_amount,
        cast(sum(cm2_shop_amount) as decimal(18, 4)) as cm2_shop_amount,
        cast(sum(cm2_at_order_amount) as decimal(18, 4)) as cm2_at_order_amount,
        cast(sum(marketing_cost_amount) as decimal(18, 4)) as marketing_cost_amount,
        cast(sum(cm3_amount) as decimal(18, 4)) as cm3_amount,
        case
            when count(cm2_expected_amount) = count(*)
                then cast(sum(cm2_expected_amount) as decimal(18, 4))
        end as cm2_expected_amount,
        sum(greatest(net_merchandise_sales_amount, 0)) as costed_sales_amount,
        sum(
            case
                when cost_quality = 'missing' then 0
                else greatest(net_merchandise_sales_amount, 0)
            end
        ) as covered_sales_amount,
        sum(estimated_cost_count) as estimated_cost_count,
        min(case when is_mature then null else return_evidence_unit_count end)
            as return_evidence_unit_count,
        sum(case when is_mature then 0 else 1 end) as young_line_count,
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
        cast(coalesce(order_totals.estimated_cost_count, 0) as {{ dbt.type_bigint() }})
            as estimated_cost_count,
        cast(order_totals.return_evidence_unit_count as {{ dbt.type_bigint() }})
            as return_evidence_unit_count,
        coalesce(order_totals.gross_merchandise_sales_amount, 0) as gross_merchandise_sales_amount,
        coalesce(order_totals.discount_amount, 0) as discount_amount,
        coalesce(order_totals.refund_amount, 0) as refund_amount,
        order_totals.cost_of_goods_amount,
        order_totals.cost_of_goods_returned_amount,
        coalesce(order_totals.shipping_charged_amount, 0) as shipping_charged_amount,
        coalesce(order_totals.shipping_refund_amount, 0) as shipping_refund_amount,
        coalesce(order_totals.label_cost_amount, 0) as label_cost_amount,
        coalesce(order_totals.pick_pack_cost_amount, 0) as pick_pack_cost_amount,
        coalesce(order_totals.packaging_cost_amount, 0) as packaging_cost_amount,
        coalesce(order_totals.payment_fee_amount, 0) as payment_fee_amount,
        coalesce(order_totals.marketplace_fee_amount, 0) as marketplace_fee_amount,
        coalesce(order_totals.refund_administration_fee_amount, 0)
            as refund_administration_fee_amount,
        coalesce(order_totals.return_label_cost_amount, 0) as return_label_cost_amount,
        coalesce(order_totals.return_handling_cost_amount, 0) as return_handling_cost_amount,
        coalesce(order_totals.chargeback_amount, 0) as chargeback_amount,
        coalesce(order_totals.chargeback_fee_amount, 0) as chargeback_fee_amount,
        coalesce(order_totals.exchange_difference_amount, 0) as exchange_difference_amount,
        coalesce(order_totals.net_merchandise_sales_amount, 0) as net_merchandise_sales_amount,
        coalesce(order_totals.net_sales_amount, 0) as net_sales_amount,
        coalesce(order_totals.cm1_amount, 0) as cm1_amount,
        coalesce(order_totals.cm1_shop_amount, 0) as cm1_shop_amount,
        coalesce(order_totals.cm2_amount, 0) as cm2_amount,
        coalesce(order_totals.cm2_shop_amount, 0) as cm2_shop_amount,
        coalesce(order_totals.cm2_at_order_amount, 0) as cm2_at_order_amount,
        coalesce(order_totals.marketing_cost_amount, 0) as marketing_cost_amount,
        coalesce(order_totals.cm3_amount, 0) as cm3_amount,
        case
            when order_totals.order_id is null then cast(0 as decimal(18, 4))
            else order_totals.cm2_expected_amount
        end as cm2_expected_amount,
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
        coalesce(order_totals.young_line_count, 0) = 0 as is_mature,
        orders.order_date,
        orders.ordered_at
    from orders
    left join order_totals
        on orders.order_id = order_totals.order_id
)

select * from final
