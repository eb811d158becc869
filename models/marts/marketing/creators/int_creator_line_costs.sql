{{ config(access='private') }}

{# What creators cost per product: commission by code on the whole line, whatever its code's leak
   took from her credit, for that is what the contract says; commission of marketplaces as they took
   it; free goods at cost and shipping, never at retail. An unknown cost of goods is null and
   counted. #}

with

terms as (
    select
        contracts.source_relation || ':' || contracts.creator_id as creator_id,
        contracts.starts_at,
        contracts.ends_at,
        terms.commission_ratio
    from {{ ref('stg_creators__terms') }} as terms
    inner join {{ ref('stg_creators__contracts') }} as contracts
        on terms.source_relation = contracts.source_relation
        and terms.creator_contract_id = contracts.creator_contract_id
    where terms.commission_ratio > 0
),

digits as (
    select minor_unit_digits
    from {{ ref('currencies') }}
    where currency = '{{ var("reporting_currency") }}'
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates_daily') }}
),

line_margins as (
    select
        order_line_id,
        order_id,
        coalesce(sku, 'unknown') as sku,
        net_sales_amount,
        order_date,
        ordered_at
    from {{ ref('fct_order_line_margin') }}
),

commissionable as (
    select
        code_orders.creator_id,
        line_margins.order_line_id,
        line_margins.sku,
        max(terms.commission_ratio) as commission_ratio,
        max(line_margins.net_sales_amount) as net_sales_amount,
        max(line_margins.order_date) as cost_date
    from {{ ref('int_creator_code_orders') }} as code_orders
    inner join line_margins
        on code_orders.order_id = line_margins.order_id
    inner join terms
        on code_orders.creator_id = terms.creator_id
        and line_margins.ordered_at >= terms.starts_at
        and (terms.ends_at is null or line_margins.ordered_at < terms.ends_at)
    group by code_orders.creator_id, line_margins.order_line_id, line_margins.sku
),

unit_costs as (
    select
        source_relation,
        sku,
        currency,
        unit_cost_amount,
        valid_from,
        lead(valid_from) over (partition by source_relation, sku order by valid_from) as valid_to
    from {{ ref('stg_costs__unit_costs') }}
),

seedings as (
    select
        seedings.source_relation || ':' || seedings.creator_id as creator_id,
        seedings.sku,
        seedings.quantity,
        seedings.currency as shipping_currency,
        coalesce(seedings.shipping_cost_amount, 0) as shipping_cost_amount,
        unit_costs.currency as goods_currency,
        unit_costs.unit_cost_amount,
        {{ shop_date('seedings.sent_at') }} as cost_date
    from {{ ref('stg_creators__seedings') }} as seedings
    left join unit_costs
        on seedings.shop_relation = unit_costs.source_relation
        and seedings.sku = unit_costs.sku
        and seedings.sent_at >= unit_costs.valid_from
        and (unit_costs.valid_to is null or seedings.sent_at < unit_costs.valid_to)
),

amounts as (
    select
        creator_id,
        'commission' as cost_type,
        sku,
        '{{ var("reporting_currency") }}' as currency,
        cast(net_sales_amount * commission_ratio as decimal(28, 10)) as amount,
        cost_date
    from commissionable
    union all
    select
        affiliate_lines.source_relation || ':' || affiliate_lines.creator_id as creator_id,
        'commission' as cost_type,
        line_margins.sku,
        affiliate_lines.currency,
        affiliate_lines.commission_amount as amount,
        line_margins.order_date as cost_date
    from {{ ref('stg_creators__affiliate_lines') }} as affiliate_lines
    inner join line_margins
        on {{ concat_text([
            'affiliate_lines.shop_relation', 'affiliate_lines.shopify_order_line_id'
        ], ':') }} = line_margins.order_line_id
    union all
    select
        creator_id,
        'seeding' as cost_type,
        sku,
        goods_currency as currency,
        quantity * unit_cost_amount as amount,
        cost_date
    from seedings
    union all
    select
        creator_id,
        'seeding' as cost_type,
        sku,
        shipping_currency as currency,
        shipping_cost_amount as amount,
        cost_date
    from seedings
    where shipping_cost_amount > 0
),

final as (
    select
        amounts.creator_id,
        amounts.cost_type,
        amounts.sku,
        {{ round_to_minor_unit(
            'amounts.amount * '
            ~ rate_to_reporting('amounts.currency', 'exchange_rates.exchange_rate'),
            'digits.minor_unit_digits'
        ) }} as amount,
        cast({{ dbt.date_trunc('month', 'amounts.cost_date') }} as date) as month_date
    from amounts
    cross join digits
    left join exchange_rates
        on amounts.currency = exchange_rates.currency
        and amounts.cost_date = exchange_rates.rate_date
)

select * from final
