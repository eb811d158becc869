{# What has no product goes by the margin of the creator's products in the month, equally where none
   earned, to the product unknown where there is none; shares sum to the amount. Margin is that of
   signs on orders; what a survey named stands apart, for the halo counts it. #}

with

margins as (
    select
        *,
        case when evidence_type = 'survey' then 0 else 1 end as is_direct
    from {{ ref('int_creator_line_margins') }}
    where creator_id <> 'nobody'
),

line_orders as (
    select
        order_line_id,
        order_id
    from {{ ref('fct_order_line_margin') }}
),

sold as (
    select
        margins.creator_id,
        margins.sku,
        margins.month_date,
        count(distinct line_orders.order_id) as order_count,
        sum(margins.credited_quantity * margins.is_direct) as credited_quantity,
        sum(margins.net_sales_amount * margins.is_direct) as net_sales_amount,
        sum(margins.cm2_amount * margins.is_direct) as cm2_amount,
        sum(margins.cm2_amount * (1 - margins.is_direct)) as survey_cm2_amount,
        {%- for kind in ['marketplace', 'code', 'click', 'survey'] %}
            sum(case when margins.evidence_type = '{{ kind }}' then 1 else 0 end)
                as {{ kind }}_line_count{{ "," if not loop.last }}
        {%- endfor %}
    from margins
    inner join line_orders
        on margins.order_line_id = line_orders.order_line_id
    group by margins.creator_id, margins.sku, margins.month_date
),

line_costs as (
    select
        creator_id,
        sku,
        month_date,
        sum(case when cost_type = 'commission' then amount else 0 end) as commission_amount,
        sum(case when cost_type = 'seeding' then coalesce(amount, 0) else 0 end)
            as seeding_amount,
        sum(case when amount is null then 1 else 0 end) as unknown_cost_count
    from {{ ref('int_creator_line_costs') }}
    group by creator_id, sku, month_date
),

month_costs as (
    select * from {{ ref('int_creator_month_costs') }}
),

digits as (
    select minor_unit_digits
    from {{ ref('currencies') }}
    where currency = '{{ var("reporting_currency") }}'
),

known_products as (
    select
        creator_id,
        sku,
        month_date
    from sold
    union distinct
    select
        creator_id,
        sku,
        month_date
    from line_costs
),

products as (
    select
        creator_id,
        sku,
        month_date
    from known_products
    union all
    select
        month_costs.creator_id,
        'unknown' as sku,
        month_costs.month_date
    from month_costs
    left join known_products
        on month_costs.creator_id = known_products.creator_id
        and month_costs.month_date = known_products.month_date
    where known_products.creator_id is null
    group by month_costs.creator_id, month_costs.month_date
),

weighted as (
    select
        month_costs.creator_id,
        month_costs.cost_type,
        month_costs.month_date,
        products.sku,
        month_costs.amount,
        digits.minor_unit_digits,
        cast(greatest(coalesce(sold.cm2_amount, 0), 0) * 100 as {{ dbt.type_bigint() }})
            as margin_weight,
        1 as equal_weight
    from month_costs
    inner join products
        on month_costs.creator_id = products.creator_id
        and month_costs.month_date = products.month_date
    cross join digits
    left join sold
        on products.creator_id = sold.creator_id
        and products.sku = sold.sku
        and products.month_date = sold.month_date
),

allocated as (
    {{ allocate(
        relation='weighted',
        parent=['creator_id', 'month_date', 'cost_type'],
        child='sku',
        weight='margin_weight',
        fallback='equal_weight',
        totals={'amount': 'minor_unit_digits'},
        keep=[]
    ) }}
),

shared_costs as (
    select
        creator_id,
        sku,
        month_date,
        {%- for kind in ['fee', 'rights', 'whitelisting', 'halo'] %}
            sum(case when cost_type = '{{ kind }}' then allocated_amount else 0 end)
                as {{ kind }}_amount{{ "," if not loop.last }}
        {%- endfor %}
    from allocated
    group by creator_id, sku, month_date
),

joined as (
    select
        products.creator_id,
        products.sku,
        products.month_date,
        coalesce(sold.order_count, 0) as order_count,
        coalesce(sold.credited_quantity, 0) as credited_quantity,
        coalesce(sold.net_sales_amount, 0) as net_sales_amount,
        coalesce(sold.cm2_amount, 0) as cm2_amount,
        coalesce(sold.survey_cm2_amount, 0) as survey_cm2_amount,
        coalesce(sold.marketplace_line_count, 0) as marketplace_line_count,
        coalesce(sold.code_line_count, 0) as code_line_count,
        coalesce(sold.click_line_count, 0) as click_line_count,
        coalesce(sold.survey_line_count, 0) as survey_line_count,
        coalesce(line_costs.commission_amount, 0) as commission_amount,
        coalesce(line_costs.seeding_amount, 0) as seeding_amount,
        coalesce(line_costs.unknown_cost_count, 0) as unknown_cost_count,
        coalesce(shared_costs.fee_amount, 0) as fee_amount,
        coalesce(shared_costs.rights_amount, 0) as rights_amount,
        coalesce(shared_costs.whitelisting_amount, 0) as whitelisting_amount,
        coalesce(shared_costs.halo_amount, 0) as halo_cm2_amount
    from products
    left join sold
        on products.creator_id = sold.creator_id
        and products.sku = sold.sku
        and products.month_date = sold.month_date
    left join line_costs
        on products.creator_id = line_costs.creator_id
        and products.sku = line_costs.sku
        and products.month_date = line_costs.month_date
    left join shared_costs
        on products.creator_id = shared_costs.creator_id
        and products.sku = shared_costs.sku
        and products.month_date = shared_costs.month_date
),

final as (
    select
        creator_id,
        sku,
        cast(order_count as {{ dbt.type_bigint() }}) as order_count,
        cast(credited_quantity as decimal(18, 6)) as credited_quantity,
        cast(marketplace_line_count as {{ dbt.type_bigint() }}) as marketplace_line_count,
        cast(code_line_count as {{ dbt.type_bigint() }}) as code_line_count,
        cast(click_line_count as {{ dbt.type_bigint() }}) as click_line_count,
        cast(survey_line_count as {{ dbt.type_bigint() }}) as survey_line_count,
        cast(unknown_cost_count as {{ dbt.type_bigint() }}) as unknown_cost_count,
        cast(net_sales_amount as decimal(18, 4)) as net_sales_amount,
        cast(cm2_amount as decimal(18, 4)) as cm2_amount,
        cast(survey_cm2_amount as decimal(18, 4)) as survey_cm2_amount,
        cast(halo_cm2_amount as decimal(18, 4)) as halo_cm2_amount,
        cast(commission_amount as decimal(18, 4)) as commission_amount,
        cast(fee_amount as decimal(18, 4)) as fee_amount,
        cast(rights_amount as decimal(18, 4)) as rights_amount,
        cast(seeding_amount as decimal(18, 4)) as seeding_amount,
        cast(whitelisting_amount as decimal(18, 4)) as whitelisting_spend_amount,
        cast(
            cm2_amount - commission_amount - fee_amount - rights_amount - seeding_amount
            as decimal(18, 4)
        ) as cm3_direct_amount,
        cast(
            cm2_amount - commission_amount - fee_amount - rights_amount - seeding_amount
            - whitelisting_amount as decimal(18, 4)
        ) as cm3_full_amount,
        cast(
            cm2_amount + halo_cm2_amount - commission_amount - fee_amount - rights_amount
            - seeding_amount as decimal(18, 4)
        ) as cm3_with_halo_amount,
        cast(cm2_amount - commission_amount - seeding_amount as decimal(18, 4))
            as break_even_fee_amount,
        month_date
    from joined
)

select * from final
