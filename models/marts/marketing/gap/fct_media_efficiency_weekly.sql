{# What all media brought together, whoever claims it: no attribution is in it but the platforms'
   claims, which are summed to see by how much they exceed the orders there were. #}

with

channel_days as (
    select
        spend_amount,
        margin_date
    from {{ ref('fct_channel_margin_daily') }}
    where spend_amount > 0
),

claims as (
    select
        claimed_order_count,
        report_date
    from {{ ref('int_platform_claims_daily') }}
    where is_reported
),

orders as (
    select
        order_id,
        is_first_order
    from {{ ref('fct_orders') }}
    where order_scope = 'dtc' and not is_cancelled
),

order_margins as (
    select
        order_id,
        net_merchandise_sales_amount,
        cm2_amount,
        cm2_expected_amount,
        order_date
    from {{ ref('fct_order_margin') }}
),

as_of as (
    select {{ shop_date('as_of_at') }} as as_of_date
    from {{ ref('int_as_of') }}
),

entries as (
    select
        0 as claimed_order_count,
        0 as order_count,
        0 as new_customer_count,
        0 as unexpected_order_count,
        spend_amount,
        0 as net_merchandise_sales_amount,
        0 as new_customer_sales_amount,
        0 as cm2_expected_amount,
        {{ week_start('margin_date') }} as week_date
    from channel_days
    union all
    select
        claimed_order_count,
        0 as order_count,
        0 as new_customer_count,
        0 as unexpected_order_count,
        0 as spend_amount,
        0 as net_merchandise_sales_amount,
        0 as new_customer_sales_amount,
        0 as cm2_expected_amount,
        {{ week_start('report_date') }} as week_date
    from claims
    union all
    select
        0 as claimed_order_count,
        1 as order_count,
        case when orders.is_first_order then 1 else 0 end as new_customer_count,
        case when order_margins.cm2_expected_amount is null then 1 else 0 end
            as unexpected_order_count,
        0 as spend_amount,
        order_margins.net_merchandise_sales_amount,
        case when orders.is_first_order then order_margins.net_merchandise_sales_amount else 0 end
            as new_customer_sales_amount,
        coalesce(order_margins.cm2_expected_amount, order_margins.cm2_amount)
            as cm2_expected_amount,
        {{ week_start('order_margins.order_date') }} as week_date
    from orders
    inner join order_margins
        on orders.order_id = order_margins.order_id
),

weeks as (
    select
        cast(sum(claimed_order_count) as decimal(18, 6)) as claimed_order_count,
        cast(sum(order_count) as {{ dbt.type_bigint() }}) as order_count,
        cast(sum(new_customer_count) as {{ dbt.type_bigint() }}) as new_customer_count,
        cast(sum(unexpected_order_count) as {{ dbt.type_bigint() }}) as unexpected_order_count,
        cast(sum(spend_amount) as decimal(18, 4)) as spend_amount,
        cast(sum(net_merchandise_sales_amount) as decimal(18, 4)) as net_merchandise_sales_amount,
        cast(sum(new_customer_sales_amount) as decimal(18, 4)) as new_customer_sales_amount,
        cast(sum(cm2_expected_amount) as decimal(18, 4)) as cm2_expected_amount,
        week_date
    from entries
    group by week_date
),

final as (
    select
        weeks.claimed_order_count,
        weeks.order_count,
        weeks.new_customer_count,
        weeks.unexpected_order_count,
        weeks.spend_amount,
        weeks.net_merchandise_sales_amount,
        weeks.new_customer_sales_amount,
        weeks.cm2_expected_amount,
        {{ amount_per('weeks.net_merchandise_sales_amount', 'weeks.spend_amount') }}
            as media_efficiency,
        {{ amount_per('weeks.new_customer_sales_amount', 'weeks.spend_amount') }}
            as new_customer_media_efficiency,
        {{ amount_per('weeks.cm2_expected_amount', 'weeks.spend_amount') }}
            as margin_media_efficiency,
        {{ amount_per('weeks.spend_amount', 'weeks.new_customer_count') }}
            as new_customer_cost_amount,
        case
            when weeks.order_count > 0
                then cast(weeks.claimed_order_count / weeks.order_count as decimal(18, 6))
        end as overclaim_ratio,
        {{ dbt.dateadd('day', 6, 'weeks.week_date') }} <= as_of.as_of_date as is_complete_week,
        weeks.week_date
    from weeks
    cross join as_of
)

select * from final
