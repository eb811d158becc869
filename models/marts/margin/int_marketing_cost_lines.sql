{{ config(access='private') }}

{# Variable marketing per order line, additive like int_cost_lines and signed like it. Spend is
   shared out among the orders of its own day, so both clocks agree. #}

with

credited_spend as (
    select * from {{ ref('int_credited_spend') }}
),

order_lines as (
    select
        order_id,
        order_line_id,
        shopify_order_line_id,
        order_date,
        greatest(quantity, 0) as quantity_weight,
        cast(greatest(net_merchandise_sales_shop_amount, 0) * 10000 as {{ dbt.type_bigint() }})
            as sales_weight
    from {{ ref('int_order_lines') }}
),

weighted as (
    select
        credited_spend.source_row,
        credited_spend.credit_id,
        credited_spend.order_id,
        credited_spend.minor_unit_digits,
        credited_spend.spend_amount,
        credited_spend.spend_date,
        order_lines.order_line_id,
        order_lines.shopify_order_line_id,
        order_lines.order_date,
        order_lines.quantity_weight,
        order_lines.sales_weight
    from credited_spend
    inner join order_lines
        on credited_spend.order_id = order_lines.order_id
),

allocated as (
    {{ allocate(
        relation='weighted',
        parent=['source_row', 'credit_id'],
        child='shopify_order_line_id',
        weight='sales_weight',
        fallback='quantity_weight',
        totals={'spend_amount': 'minor_unit_digits'},
        keep=['order_line_id', 'order_id', 'spend_date', 'order_date']
    ) }}
),

final as (
    select
        source_row,
        credit_id,
        'ad_spend' as cost_type,
        order_line_id,
        order_id,
        cast(-allocated_spend_amount as decimal(18, 4)) as amount,
        spend_date as event_date,
        order_date as cohort_date
    from allocated
    where allocated_spend_amount <> 0
)

select * from final
