{# What taking the money cost. The gateway's own fee where it reported one, else its rate card on
   what was captured, tax and shipping included; the part paid by gift card passes no gateway. A fee
   is never returned on a refund. A lost dispute takes its whole amount, a won one brings it back. #}

with

orders as (
    select
        order_id,
        source_relation,
        shopify_order_id
    from {{ ref('int_orders') }}
),

transactions as (
    select
        *,
        {{ shop_date('processed_at') }} as transaction_date
    from {{ ref('stg_shopify__transactions') }}
    where transaction_status = 'success' and not is_test
),

fees as (
    select
        *,
        {{ shop_date('charged_at') }} as charged_date
    from {{ ref('stg_costs__transaction_fees') }}
),

rates as (
    select * from {{ ref('payment_fee_rates') }}
),

currencies as (
    select * from {{ ref('currencies') }}
),

billed_transactions as (
    select
        source_relation,
        shopify_transaction_id,
        case when fee_kind = 'chargeback' then 'chargeback' else 'payment' end as fee_type
    from fees
    group by
        source_relation,
        shopify_transaction_id,
        case when fee_kind = 'chargeback' then 'chargeback' else 'payment' end
),

charged_transactions as (
    select
        *,
        case when transaction_kind = 'chargeback' then 'chargeback' else 'payment' end as fee_type
    from transactions
    where transaction_kind in ('sale', 'capture', 'chargeback')
),

estimated_fees as (
    select
        charged_transactions.source_relation,
        charged_transactions.shopify_order_id,
        charged_transactions.shopify_transaction_id,
        charged_transactions.fee_type,
        charged_transactions.currency,
        charged_transactions.transaction_date,
        {{ round_to_minor_unit(
            'charged_transactions.transaction_amount * rates.fee_ratio',
            'currencies.minor_unit_digits'
        ) }} + rates.fixed_amount as fee_amount
    from charged_transactions
    inner join rates
        on charged_transactions.fee_type = rates.fee_type
        and charged_transactions.gateway = rates.gateway
        and charged_transactions.currency = rates.currency
        and {{ holds_on('rates', 'charged_transactions.transaction_date') }}
    inner join currencies
        on charged_transactions.currency = currencies.currency
    left join billed_transactions
        on charged_transactions.source_relation = billed_transactions.source_relation
        and charged_transactions.shopify_transaction_id
        = billed_transactions.shopify_transaction_id
        and charged_transactions.fee_type = billed_transactions.fee_type
    where billed_transactions.shopify_transaction_id is null
),

costs as (
    select
        fees.source_relation,
        fees.shopify_order_id,
        'transaction_fee:' || fees.source_relation || ':' || fees.transaction_fee_id as source_row,
        case when fees.fee_kind = 'chargeback' then 'chargeback_fee' else 'payment_fee' end
            as cost_type,
        fees.currency,
        -fees.fee_amount as cost_amount,
        false as is_estimated,
        coalesce(transactions.transaction_date, fees.charged_date) as event_date
    from fees
    left join transactions
        on fees.source_relation = transactions.source_relation
        and fees.shopify_transaction_id = transactions.shopify_transaction_id
    union all
    select
        source_relation,
        shopify_order_id,
        {{ concat_text(["'transaction:'", 'source_relation', "':'", 'shopify_transaction_id']) }}
            as source_row,
        case when fee_type = 'chargeback' then 'chargeback_fee' else 'payment_fee' end as cost_type,
        currency,
        -fee_amount as cost_amount,
        true as is_estimated,
        transaction_date as event_date
    from estimated_fees
    union all
    select
        source_relation,
        shopify_order_id,
        {{ concat_text(["'transaction:'", 'source_relation', "':'", 'shopify_transaction_id']) }}
            as source_row,
        'chargeback' as cost_type,
        currency,
        case
            when transaction_kind = 'chargeback' then -abs(transaction_amount)
            else abs(transaction_amount)
        end as cost_amount,
        false as is_estimated,
        transaction_date as event_date
    from transactions
    where transaction_kind in ('chargeback', 'chargeback_reversal')
),

final as (
    select
        orders.order_id,
        costs.source_row,
        costs.cost_type,
        costs.currency,
        cast(costs.cost_amount as decimal(18, 4)) as cost_amount,
        costs.is_estimated,
        costs.event_date
    from costs
    inner join orders
        on costs.source_relation = orders.source_relation
        and costs.shopify_order_id = orders.shopify_order_id
)

select * from final
