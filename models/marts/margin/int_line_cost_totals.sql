{{ config(access='private') }}

{# The cost lines of an order line, one column per type. A table of its own: so many sums beside the
   joins of fct_order_line_margin would not fit into the memory that either fits into. #}

with

cost_types as (
    select * from {{ ref('cost_lines') }}
),

cost_lines as (
    select
        entries.order_line_id,
        entries.cost_type,
        entries.amount,
        entries.shop_amount,
        entries.is_estimated,
        cost_types.margin_step,
        cost_types.is_after_sale
    from {{ ref('int_cost_lines') }} as entries
    inner join cost_types
        on entries.cost_type = cost_types.cost_type
),

final as (
    select
        order_line_id,
        {{ cost_total('gross_merchandise_sales') }} as gross_merchandise_sales_amount,
        {{ cost_total('discount', -1) }} as discount_amount,
        {{ cost_total('merchandise_refund', -1) }} as refund_amount,
        {{ cost_total('cost_of_goods', -1) }} as cost_of_goods_amount,
        {{ cost_total('cost_of_goods_returned') }} as cost_of_goods_returned_amount,
        {{ cost_total('shipping_charged') }} as shipping_charged_amount,
        {{ cost_total('shipping_refund', -1) }} as shipping_refund_amount,
        {{ cost_total('carrier_label', -1) }} as label_cost_amount,
        {{ cost_total('pick_pack', -1) }} as pick_pack_cost_amount,
        {{ cost_total('packaging', -1) }} as packaging_cost_amount,
        {{ cost_total('payment_fee', -1) }} as payment_fee_amount,
        {{ cost_total('marketplace_fee', -1) }} as marketplace_fee_amount,
        {{ cost_total('refund_administration_fee', -1) }} as refund_administration_fee_amount,
        {{ cost_total('return_label', -1) }} as return_label_cost_amount,
        {{ cost_total('return_handling', -1) }} as return_handling_cost_amount,
        {{ cost_total('chargeback', -1) }} as chargeback_amount,
        {{ cost_total('chargeback_fee', -1) }} as chargeback_fee_amount,
        {{ cost_total('exchange_difference') }} as exchange_difference_amount,
        {{ cost_sum("case when margin_step = 'cm1' then amount else 0 end") }} as cm1_amount,
        {{ cost_sum("case when margin_step = 'cm1' then shop_amount else 0 end") }}
            as cm1_shop_amount,
        {{ cost_sum('amount') }} as cm2_amount,
        {{ cost_sum('shop_amount') }} as cm2_shop_amount,
        {{ cost_sum('case when is_after_sale then 0 else amount end') }} as cm2_at_order_amount,
        cast(sum(case when is_estimated then 1 else 0 end) as {{ dbt.type_bigint() }})
            as estimated_cost_count
    from cost_lines
    group by order_line_id
)

select * from final
