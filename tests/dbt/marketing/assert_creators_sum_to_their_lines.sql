{{ config(group='marketing') }}

-- What creators and nobody have of a line is the line, to the cent; and no line is given twice.
with

shares as (
    select
        order_line_id,
        sum(cm2_amount) as cm2_amount,
        sum(net_sales_amount) as net_sales_amount,
        sum(credit_ratio) as credit_ratio
    from {{ ref('int_creator_line_margins') }}
    group by order_line_id
),

line_margins as (
    select
        order_line_id,
        cm2_amount,
        net_sales_amount
    from {{ ref('fct_order_line_margin') }}
)

select shares.order_line_id
from shares
inner join line_margins
    on shares.order_line_id = line_margins.order_line_id
where
    shares.cm2_amount <> line_margins.cm2_amount
    or shares.net_sales_amount <> line_margins.net_sales_amount
    or shares.credit_ratio <> 1
