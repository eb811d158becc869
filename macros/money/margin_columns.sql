{# Cost types of the margin tables and the column each becomes. A column shows a revenue or a cost as
   a positive amount (sign -1: the cost line is negative); exchange differences keep their sign. #}
{% macro margin_columns() -%}
    {{ return({
        'gross_merchandise_sales': {'name': 'gross_merchandise_sales_amount', 'sign': 1},
        'discount': {'name': 'discount_amount', 'sign': -1},
        'merchandise_refund': {'name': 'refund_amount', 'sign': -1},
        'cost_of_goods': {'name': 'cost_of_goods_amount', 'sign': -1},
        'cost_of_goods_returned': {'name': 'cost_of_goods_returned_amount', 'sign': 1},
        'shipping_charged': {'name': 'shipping_charged_amount', 'sign': 1},
        'shipping_refund': {'name': 'shipping_refund_amount', 'sign': -1},
        'carrier_label': {'name': 'label_cost_amount', 'sign': -1},
        'pick_pack': {'name': 'pick_pack_cost_amount', 'sign': -1},
        'packaging': {'name': 'packaging_cost_amount', 'sign': -1},
        'payment_fee': {'name': 'payment_fee_amount', 'sign': -1},
        'marketplace_fee': {'name': 'marketplace_fee_amount', 'sign': -1},
        'refund_administration_fee': {'name': 'refund_administration_fee_amount', 'sign': -1},
        'return_label': {'name': 'return_label_cost_amount', 'sign': -1},
        'return_handling': {'name': 'return_handling_cost_amount', 'sign': -1},
        'chargeback': {'name': 'chargeback_amount', 'sign': -1},
        'chargeback_fee': {'name': 'chargeback_fee_amount', 'sign': -1},
        'exchange_difference': {'name': 'exchange_difference_amount', 'sign': 1}
    }) }}
{%- endmacro %}
