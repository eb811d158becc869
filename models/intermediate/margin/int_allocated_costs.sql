{# The lines of an order weigh the same in each of its costs: what they weigh together is summed
   once per order, or per refund where only what came back weighs, and not once more for every cost.
   An amount that is the same in the reporting currency is split once and not twice. An order of one
   line or two needs no ranking. #}

{%- set split = {
    'parent': ['source_row', 'cost_type'],
    'child': 'shopify_order_line_id',
    'weight': 'line_weight',
    'fallback': 'quantity_weight',
    'keep': ['order_line_id', 'is_estimated', 'event_date'],
    'known': {
        'weight_sum': 'line_weight_sum',
        'fallback_sum': 'quantity_weight_sum',
        'is_lowest': 'is_lowest_line',
    },
} %}
{%- set shop_amount = {'shop_amount': 'minor_unit_digits'} %}
{%- set both_amounts = dict(shop_amount, amount='reporting_minor_unit_digits') %}
{%- set kinds = {
    'of_pairs': {'condition': 'is_pair', 'totals': both_amounts, 'amount': 'amount'},
    'alike': {
        'condition': 'is_alike and not is_pair', 'totals': shop_amount, 'amount': 'shop_amount'
    },
    'unlike': {
        'condition': 'not is_alike and not is_pair', 'totals': both_amounts, 'amount': 'amount'
    },
} %}

with

order_costs as (
    select * from {{ ref('int_order_costs') }}
),

orders as (
    select
        order_id,
        minor_unit_digits,
        reporting_minor_unit_digits
    from {{ ref('int_orders') }}
),

line_weights as (
    select
        order_id,
        order_line_id,
        shopify_order_line_id,
        unit_weight_grams,
        greatest(quantity, 0) as quantity_weight,
        cast(greatest(net_merchandise_sales_shop_amount, 0) * 10000 as bigint) as net_sales_weight,
        case when is_shipping_required then greatest(weight_grams, 0) else 0 end as grams_weight,
        case when is_shipping_required then greatest(quantity, 0) else 0 end as units_weight
    from {{ ref('int_order_lines') }}
),

order_weights as (
    select
        order_id,
        count(*) as line_count,
        min(shopify_order_line_id) as lowest_line_id,
        sum(quantity_weight) as quantity_weight_sum,
        sum(net_sales_weight) as net_sales_weight_sum,
        sum(grams_weight) as grams_weight_sum,
        sum(units_weight) as units_weight_sum
    from line_weights
    group by order_id
),

weighed_orders as (
    select
        order_weights.*,
        orders.minor_unit_digits,
        orders.reporting_minor_unit_digits
    from order_weights
    inner join orders
        on order_weights.order_id = orders.order_id
),

returned_quantities as (
    select
        refund_id,
        order_line_id,
        sum(quantity) as quantity
    from {{ ref('int_refund_lines') }}
    where order_line_id is not null
    group by refund_id, order_line_id
),

returned_weights as (
    select
        returned_quantities.refund_id,
        line_weights.order_id,
        line_weights.order_line_id,
        coalesce(line_weights.unit_weight_grams * returned_quantities.quantity, 0)
            as returned_weight
    from returned_quantities
    inner join line_weights
        on returned_quantities.order_line_id = line_weights.order_line_id
),

refund_weights as (
    select
        refund_id,
        order_id,
        sum(returned_weight) as returned_weight_sum
    from returned_weights
    group by refund_id, order_id
),

weighed_costs as (
    select
        order_costs.order_id,
        order_costs.refund_id,
        order_costs.source_row,
        order_costs.cost_type,
        order_costs.weight_kind,
        order_costs.shop_amount,
        order_costs.amount,
        order_costs.is_estimated,
        order_costs.event_date,
        weighed_orders.minor_unit_digits,
        weighed_orders.reporting_minor_unit_digits,
        weighed_orders.lowest_line_id,
        weighed_orders.quantity_weight_sum,
        case order_costs.weight_kind
            when 'net_sales' then weighed_orders.net_sales_weight_sum
            when 'weight' then weighed_orders.grams_weight_sum
            when 'units' then weighed_orders.units_weight_sum
            when 'returned_weight' then coalesce(refund_weights.returned_weight_sum, 0)
        end as line_weight_sum,
        weighed_orders.line_count <= 2 as is_pair,
        coalesce(
            order_costs.shop_amount = order_costs.amount
            and weighed_orders.minor_unit_digits = weighed_orders.reporting_minor_unit_digits,
            false
        ) as is_alike
    from order_costs
    inner join weighed_orders
        on order_costs.order_id = weighed_orders.order_id
    left join refund_weights
        on order_costs.refund_id = refund_weights.refund_id
        and order_costs.order_id = refund_weights.order_id
),
{%- for kind, of_kind in kinds.items() %}

    weighted_{{ kind }} as (
        select
            weighed_costs.source_row,
            weighed_costs.cost_type,
            weighed_costs.shop_amount,
            weighed_costs.amount,
            weighed_costs.is_estimated,
            weighed_costs.event_date,
            weighed_costs.minor_unit_digits,
            weighed_costs.reporting_minor_unit_digits,
            weighed_costs.quantity_weight_sum,
            weighed_costs.line_weight_sum,
            line_weights.order_line_id,
            line_weights.shopify_order_line_id,
            line_weights.quantity_weight,
            line_weights.shopify_order_line_id = weighed_costs.lowest_line_id as is_lowest_line,
            case weighed_costs.weight_kind
                when 'net_sales' then line_weights.net_sales_weight
                when 'weight' then line_weights.grams_weight
                when 'units' then line_weights.units_weight
                when 'returned_weight' then coalesce(returned_weights.returned_weight, 0)
            end as line_weight
        from weighed_costs
        inner join line_weights
            on weighed_costs.order_id = line_weights.order_id
        left join returned_weights
            on weighed_costs.refund_id = returned_weights.refund_id
            and line_weights.order_line_id = returned_weights.order_line_id
        where {{ of_kind.condition }}
    ),

    allocated_{{ kind }} as (
        {{ allocate(
            relation='weighted_' ~ kind,
            totals=of_kind.totals,
            is_pair=(kind == 'of_pairs'),
            **split
        ) }}
    ),
{%- endfor %}

allocated as (
    {%- for kind, of_kind in kinds.items() %}
        select
            order_line_id,
            source_row,
            cost_type,
            allocated_shop_amount as shop_amount,
            allocated_{{ of_kind.amount }} as amount,
            is_estimated,
            event_date
        from allocated_{{ kind }}
        {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select * from allocated
    where shop_amount <> 0 or amount <> 0
)

select * from final
