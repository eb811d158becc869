{{ config(meta={
    'remedy': 'Land a rate for each currency from its first day (raw_costs.exchange_rate);'
    ' margin.margin_findings lists the orders.'
}) }}
-- A currency without decimals in the seed, or without a rate to the reporting currency on a day on
-- which it was used, would leave null amounts that sums pass over in silence.
with

used_currencies as (
    select
        currency,
        order_date as used_on
    from {{ ref('int_orders') }}
    union all
    select
        currency,
        refund_date as used_on
    from {{ ref('int_refund_lines') }}
    union all
    select
        currency,
        {{ shop_date('shipped_at') }} as used_on
    from {{ ref('stg_costs__shipments') }}
    union all
    select
        currency,
        {{ shop_date('charged_at') }} as used_on
    from {{ ref('stg_costs__transaction_fees') }}
    union all
    select
        currency,
        {{ shop_date('processed_at') }} as used_on
    from {{ ref('stg_shopify__transactions') }}
    union all
    select
        currency,
        {{ shop_date('settled_at') }} as used_on
    from {{ ref('stg_tiktok_shop__order_settlements') }}
    union all
    select
        unit_costs.currency,
        order_lines.order_date as used_on
    from {{ ref('int_unit_costs_as_of') }} as unit_costs
    inner join {{ ref('int_order_lines') }} as order_lines
        on unit_costs.order_line_id = order_lines.order_line_id
    where unit_costs.cost_quality <> 'missing'
),

used_days as (
    select
        currency,
        used_on
    from used_currencies
    group by currency, used_on
)

select
    coalesce(used_days.currency, 'no currency') as currency,
    case when currencies.currency is null then 'not in the seed currencies' else 'no rate' end
        as finding,
    min(used_days.used_on) as first_used_on,
    count(*) as day_count
from used_days
left join {{ ref('currencies') }} as currencies
    on used_days.currency = currencies.currency
left join {{ ref('int_exchange_rates_daily') }} as exchange_rates
    on used_days.currency = exchange_rates.currency
    and used_days.used_on = exchange_rates.rate_date
where
    currencies.currency is null
    or {{ rate_to_reporting('used_days.currency', 'exchange_rates.exchange_rate') }} is null
group by
    coalesce(used_days.currency, 'no currency'),
    case when currencies.currency is null then 'not in the seed currencies' else 'no rate' end
