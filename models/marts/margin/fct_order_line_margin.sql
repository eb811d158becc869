{# A cost of goods that is missing is null, never 0; the margins then hold what is known, and
   cost_quality says so. #}

with

order_lines as (
    select * from {{ ref('int_order_lines') }}
),

marketing_costs as (
    select
        order_line_id,
        sum(amount) as amount
    from {{ ref('int_marketing_cost_lines') }}
    group by order_line_id
),

unit_costs as (
    select
        order_line_id,
        cost_quality
    from {{ ref('int_unit_costs_as_of') }}
),

expected_losses as (
    select * from {{ ref('int_expected_losses') }}
),

line_totals as (
    select * from {{ ref('int_line_cost_totals') }}
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
        cast(coalesce(line_totals.estimated_cost_count, 0) as {{ dbt.type_bigint() }})
            as estimated_cost_count,
        cast(
            coalesce(expected_losses.return_evidence_unit_count, 0) as {{ dbt.type_bigint() }}
        ) as return_evidence_unit_count,
        coalesce(line_totals.gross_merchandise_sales_amount, 0) as gross_merchandise_sales_amount,
        coalesce(line_totals.discount_amount, 0) as discount_amount,
        coalesce(line_totals.refund_amount, 0) as refund_amount,
        case
            when unit_costs.cost_quality = 'missing' then null
            else coalesce(line_totals.cost_of_goods_amount, 0)
        end as cost_of_goods_amount,
        case
            when unit_costs.cost_quality = 'missing' then null
            else coalesce(line_totals.cost_of_goods_returned_amount, 0)
        end as cost_of_goods_returned_amount,
        coalesce(line_totals.shipping_charged_amount, 0) as shipping_charged_amount,
        coalesce(line_totals.shipping_refund_amount, 0) as shipping_refund_amount,
        coalesce(line_totals.label_cost_amount, 0) as label_cost_amount,
        coalesce(line_totals.pick_pack_cost_amount, 0) as pick_pack_cost_amount,
        coalesce(line_totals.packaging_cost_amount, 0) as packaging_cost_amount,
        coalesce(line_totals.payment_fee_amount, 0) as payment_fee_amount,
        coalesce(line_totals.marketplace_fee_amount, 0) as marketplace_fee_amount,
        coalesce(line_totals.refund_administration_fee_amount, 0)
            as refund_administration_fee_amount,
        coalesce(line_totals.return_label_cost_amount, 0) as return_label_cost_amount,
        coalesce(line_totals.return_handling_cost_amount, 0) as return_handling_cost_amount,
        coalesce(line_totals.chargeback_amount, 0) as chargeback_amount,
        coalesce(line_totals.chargeback_fee_amount, 0) as chargeback_fee_amount,
        coalesce(line_totals.exchange_difference_amount, 0) as exchange_difference_amount,
        order_lines.net_merchandise_sales_amount,
        cast(
            order_lines.net_merchandise_sales_amount
            - coalesce(line_totals.refund_amount, 0) as decimal(18, 4)
        ) as net_sales_amount,
        cast(coalesce(line_totals.cm1_amount, 0) as decimal(18, 4)) as cm1_amount,
        cast(coalesce(line_totals.cm1_shop_amount, 0) as decimal(18, 4)) as cm1_shop_amount,
        cast(coalesce(line_totals.cm2_amount, 0) as decimal(18, 4)) as cm2_amount,
        cast(coalesce(line_totals.cm2_shop_amount, 0) as decimal(18, 4)) as cm2_shop_amount,
        cast(coalesce(line_totals.cm2_at_order_amount, 0) as decimal(18, 4)) as cm2_at_order_amount,
        cast(-coalesce(marketing_costs.amount, 0) as decimal(18, 4)) as marketing_cost_amount,
        cast(
            coalesce(line_totals.cm2_amount, 0) + coalesce(marketing_costs.amount, 0)
            as decimal(18, 4)
        ) as cm3_amount,
        case
            when expected_losses.order_line_id is null
                then cast(coalesce(line_totals.cm2_amount, 0) as decimal(18, 4))
            else cast(
                coalesce(line_totals.cm2_amount, 0) - expected_losses.expected_loss_amount
                as decimal(18, 4)
            )
        end as cm2_expected_amount,
        coalesce(expected_losses.is_mature, true) as is_mature,
        order_lines.order_date,
        order_lines.ordered_at
    from order_lines
    left join line_totals
        on order_lines.order_line_id = line_totals.order_line_id
    left join unit_costs
        on order_lines.order_line_id = unit_costs.order_line_id
    left join marketing_costs
        on order_lines.order_line_id = marketing_costs.order_line_id
    left join expected_losses
        on order_lines.order_line_id = expected_losses.order_line_id
)

select * from final
