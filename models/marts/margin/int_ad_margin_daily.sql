{{ config(access='private') }}

{# Spend and credited margin side by side, at the finest grain that both have; the marts by ad,
   campaign and channel are sums of it. What a credit does not know reads unknown; a refund without
   an order is nobody's credit. #}

with

spend_levels as (
    select * from {{ ref('int_spend_levels') }}
),

credits as (
    select * from {{ ref('int_marketing_credits') }}
),

credited_margins as (
    select * from {{ ref('int_credited_margins') }}
),

unmatched_refunds as (
    select * from {{ ref('int_unmatched_refunds') }}
),

order_sales as (
    select
        order_id,
        cast(sum(greatest(net_merchandise_sales_amount, 0)) as decimal(18, 4))
            as costed_sales_amount,
        cast(
            sum(
                case
                    when cost_quality = 'missing' then 0
                    else greatest(net_merchandise_sales_amount, 0)
                end
            ) as decimal(18, 4)
        ) as covered_sales_amount
    from {{ ref('fct_order_line_margin') }}
    group by order_id
),

entries as (
    select
        channel,
        campaign_id,
        ad_id,
        spend_date as margin_date,
        impression_count,
        link_click_count,
        spend_amount,
        allocated_spend_amount,
        unallocated_spend_amount,
        0 as credited_order_count,
        0 as net_merchandise_sales_amount,
        0 as cm2_amount,
        0 as cm2_event_amount,
        0 as costed_sales_amount,
        0 as covered_sales_amount
    from spend_levels
    union all
    select
        credits.channel,
        credits.campaign_id,
        credits.ad_id,
        credits.order_date as margin_date,
        0 as impression_count,
        0 as link_click_count,
        0 as spend_amount,
        0 as allocated_spend_amount,
        0 as unallocated_spend_amount,
        credits.credit_ratio as credited_order_count,
        0 as net_merchandise_sales_amount,
        0 as cm2_amount,
        0 as cm2_event_amount,
        credits.credit_ratio * order_sales.costed_sales_amount as costed_sales_amount,
        credits.credit_ratio * order_sales.covered_sales_amount as covered_sales_amount
    from credits
    inner join order_sales
        on credits.order_id = order_sales.order_id
    union all
    select
        channel,
        campaign_id,
        ad_id,
        cohort_date as margin_date,
        0 as impression_count,
        0 as link_click_count,
        0 as spend_amount,
        0 as allocated_spend_amount,
        0 as unallocated_spend_amount,
        0 as credited_order_count,
        net_merchandise_sales_amount,
        cm2_amount,
        0 as cm2_event_amount,
        0 as costed_sales_amount,
        0 as covered_sales_amount
    from credited_margins
    union all
    select
        channel,
        campaign_id,
        ad_id,
        event_date as margin_date,
        0 as impression_count,
        0 as link_click_count,
        0 as spend_amount,
        0 as allocated_spend_amount,
        0 as unallocated_spend_amount,
        0 as credited_order_count,
        0 as net_merchandise_sales_amount,
        0 as cm2_amount,
        cm2_amount as cm2_event_amount,
        0 as costed_sales_amount,
        0 as covered_sales_amount
    from credited_margins
    union all
    select
        'unattributed' as channel,
        cast(null as {{ dbt.type_string() }}) as campaign_id,
        cast(null as {{ dbt.type_string() }}) as ad_id,
        refund_date as margin_date,
        0 as impression_count,
        0 as link_click_count,
        0 as spend_amount,
        0 as allocated_spend_amount,
        0 as unallocated_spend_amount,
        0 as credited_order_count,
        0 as net_merchandise_sales_amount,
        cm2_amount,
        cm2_amount as cm2_event_amount,
        0 as costed_sales_amount,
        0 as covered_sales_amount
    from unmatched_refunds
),

final as (
    select
        channel,
        coalesce(campaign_id, 'unknown') as campaign_id,
        coalesce(ad_id, 'unknown') as ad_id,
        sum(impression_count) as impression_count,
        sum(link_click_count) as link_click_count,
        sum(spend_amount) as spend_amount,
        sum(allocated_spend_amount) as allocated_spend_amount,
        sum(unallocated_spend_amount) as unallocated_spend_amount,
        sum(credited_order_count) as credited_order_count,
        sum(net_merchandise_sales_amount) as credited_net_merchandise_sales_amount,
        sum(cm2_amount) as credited_cm2_amount,
        sum(cm2_event_amount) as credited_cm2_event_amount,
        cast(sum(costed_sales_amount) as decimal(28, 10)) as costed_sales_amount,
        cast(sum(covered_sales_amount) as decimal(28, 10)) as covered_sales_amount,
        margin_date
    from entries
    group by
        channel, coalesce(campaign_id, 'unknown'), coalesce(ad_id, 'unknown'), margin_date
)

select * from final
