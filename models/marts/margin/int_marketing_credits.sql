{{ config(access='private') }}

{# The credits that share out ad spend: of one attribution model, of orders that are direct business
   and have lines to carry a cost. Where the credit knows its ad only, the ad's own description
   names ad set and campaign. #}

with

order_credits as (
    select * from {{ ref('fct_order_credits') }}
    where attribution_model = '{{ var("margin_attribution_model") }}' and credit_ratio > 0
),

orders as (
    select
        order_id,
        reporting_minor_unit_digits
    from {{ ref('int_orders') }}
    where order_scope = 'dtc'
),

orders_with_lines as (
    select order_id
    from {{ ref('int_order_lines') }}
    group by order_id
),

ads as (
    select
        channel,
        ad_id,
        min(ad_set_id) as ad_set_id,
        min(campaign_id) as campaign_id
    from {{ ref('int_ads') }}
    group by channel, ad_id
),

final as (
    select
        order_credits.credit_id,
        order_credits.order_id,
        order_credits.channel,
        coalesce(order_credits.campaign_id, ads.campaign_id) as campaign_id,
        ads.ad_set_id,
        order_credits.ad_id,
        order_credits.credit_ratio,
        cast(order_credits.credit_ratio * 1000000 as {{ dbt.type_bigint() }}) as credit_weight,
        orders.reporting_minor_unit_digits,
        order_credits.order_date
    from order_credits
    inner join orders
        on order_credits.order_id = orders.order_id
    inner join orders_with_lines
        on order_credits.order_id = orders_with_lines.order_id
    left join ads
        on order_credits.channel = ads.channel
        and order_credits.ad_id = ads.ad_id
)

select * from final
