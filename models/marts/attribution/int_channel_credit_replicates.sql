{{ config(access='private') }}

{# Credited orders per replicate: credits of orders summed, and for markov_aggregate all orders with
   a touch shared out by the removal effects of the same replicate. The removal effects inside
   markov_order stay those of replicate 0. #}
{%- set wide = type_wide_integer() %}

with

order_credits as (
    select * from {{ ref('fct_order_credits') }}
),

orders as (
    select * from {{ ref('int_attributed_orders') }}
),

removal_effects as (
    select * from {{ ref('int_removal_effects') }}
),

visitors as (
    select * from {{ ref('int_visitors') }}
),

replicates as (
    select * from {{ ref('int_replicates') }}
),

visitor_credits as (
    select
        visitors.visitor_number,
        orders.customer_type,
        order_credits.attribution_model,
        order_credits.channel,
        cast(sum(order_credits.credit_ratio) * 1000000 as {{ dbt.type_bigint() }})
            as credit_unit_count
    from order_credits
    inner join orders
        on order_credits.order_id = orders.order_id
    inner join visitors
        on coalesce(orders.customer_id, orders.order_id) = visitors.visitor_id
    group by
        visitors.visitor_number, orders.customer_type, order_credits.attribution_model,
        order_credits.channel
),

cells as (
    select
        customer_type,
        attribution_model,
        channel,
        cast(row_number() over (order by customer_type, attribution_model, channel) as integer)
            as cell_number
    from visitor_credits
    group by customer_type, attribution_model, channel
),

numbered_credits as (
    select
        visitor_credits.visitor_number,
        visitor_credits.credit_unit_count,
        cells.cell_number
    from visitor_credits
    inner join cells
        on visitor_credits.customer_type = cells.customer_type
        and visitor_credits.attribution_model = cells.attribution_model
        and visitor_credits.channel = cells.channel
),

drawn as (
    select
        replicates.replicate,
        numbered_credits.cell_number,
        sum(replicates.visitor_weight * numbered_credits.credit_unit_count) as credit_unit_count
    from numbered_credits
    inner join replicates
        on numbered_credits.visitor_number = replicates.visitor_number
    group by replicates.replicate, numbered_credits.cell_number
),

summed as (
    select
        drawn.replicate,
        cells.customer_type,
        cells.attribution_model,
        cells.channel,
        drawn.credit_unit_count
    from drawn
    inner join cells
        on drawn.cell_number = cells.cell_number
),

{# Any model may say how many orders there are: each credits every order once. #}
totals as (
    select
        replicate,
        customer_type,
        channel = 'unattributed' as is_unattributed,
        cast(sum(credit_unit_count) as {{ wide }}) as total_unit_count
    from summed
    where attribution_model = 'last_touch'
    group by replicate, customer_type, channel = 'unattributed'
),

weighed as (
    select
        totals.replicate,
        totals.customer_type,
        totals.total_unit_count,
        removal_effects.channel,
        cast(removal_effects.removal_effect_ratio * 1000000000000 as {{ wide }}) as removal_weight
    from totals
    inner join removal_effects
        on totals.replicate = removal_effects.replicate
        and totals.customer_type = removal_effects.customer_type
    where not totals.is_unattributed and removal_effects.removal_effect_ratio > 0
),

aggregated as (
    {{ share_out(
        relation='weighed',
        parent=['replicate', 'customer_type'],
        child='channel',
        weight='removal_weight',
        units='total_unit_count',
        keep=['replicate', 'customer_type', 'channel']
    ) }}
),

final as (
    select
        replicate,
        customer_type,
        attribution_model,
        channel,
        cast(credit_unit_count as {{ wide }}) as credit_unit_count
    from summed
    union all
    select
        replicate,
        customer_type,
        'markov_aggregate' as attribution_model,
        channel,
        cast(shared_unit_count as {{ wide }}) as credit_unit_count
    from aggregated
    union all
    select
        replicate,
        customer_type,
        'markov_aggregate' as attribution_model,
        'unattributed' as channel,
        total_unit_count as credit_unit_count
    from totals
    where is_unattributed
)

select * from final
