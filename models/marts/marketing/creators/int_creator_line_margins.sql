{{ config(access='private') }}

{# Margin of each line with evidence, shared out among its creators and, as nobody's, what no
   creator has: the shares of a line sum to the line, to the cent. #}

with

line_margins as (
    select
        order_line_id,
        sku,
        quantity,
        net_merchandise_sales_amount,
        net_sales_amount,
        cm2_amount
    from {{ ref('fct_order_line_margin') }}
),

evidence as (
    select * from {{ ref('fct_creator_evidence') }}
),

digits as (
    select minor_unit_digits
    from {{ ref('currencies') }}
    where currency = '{{ var("reporting_currency") }}'
),

shares as (
    select
        order_line_id,
        creator_id,
        evidence_type,
        credit_ratio,
        order_date
    from evidence
    union all
    select
        order_line_id,
        'nobody' as creator_id,
        'none' as evidence_type,
        cast(1 - sum(credit_ratio) as decimal(9, 6)) as credit_ratio,
        min(order_date) as order_date
    from evidence
    group by order_line_id
),

weighted as (
    select
        shares.*,
        cast(shares.credit_ratio * 1000000 as {{ dbt.type_bigint() }}) as credit_weight,
        0 as no_weight,
        coalesce(line_margins.sku, 'unknown') as sku,
        line_margins.quantity,
        line_margins.net_merchandise_sales_amount,
        line_margins.net_sales_amount,
        line_margins.cm2_amount,
        digits.minor_unit_digits
    from shares
    inner join line_margins
        on shares.order_line_id = line_margins.order_line_id
    cross join digits
),

allocated as (
    {{ allocate(
        relation='weighted',
        parent=['order_line_id'],
        child='creator_id',
        weight='credit_weight',
        fallback='no_weight',
        totals={
            'net_merchandise_sales_amount': 'minor_unit_digits',
            'net_sales_amount': 'minor_unit_digits',
            'cm2_amount': 'minor_unit_digits',
        },
        keep=['evidence_type', 'credit_ratio', 'sku', 'quantity', 'order_date']
    ) }}
),

final as (
    select
        order_line_id,
        creator_id,
        evidence_type,
        sku,
        credit_ratio,
        cast(quantity * credit_ratio as decimal(18, 6)) as credited_quantity,
        allocated_net_merchandise_sales_amount as net_merchandise_sales_amount,
        allocated_net_sales_amount as net_sales_amount,
        allocated_cm2_amount as cm2_amount,
        cast({{ dbt.date_trunc('month', 'order_date') }} as date) as month_date
    from allocated
)

select * from final
