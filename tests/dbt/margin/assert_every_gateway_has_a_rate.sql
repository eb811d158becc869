{{ config(severity='warn') }}
-- A gateway that reported no fee and stands on no rate card costs nothing in margin, which is
-- hardly true: a person adds its rate to the seed, or a 0.
with

transactions as (
    select
        source_relation,
        shopify_transaction_id,
        gateway,
        currency,
        {{ shop_date('processed_at') }} as transaction_date
    from {{ ref('stg_shopify__transactions') }}
    where
        transaction_kind in ('sale', 'capture')
        and transaction_status = 'success'
        and not is_test
),

fees as (
    select
        source_relation,
        shopify_transaction_id
    from {{ ref('stg_costs__transaction_fees') }}
    where fee_kind <> 'chargeback'
    group by source_relation, shopify_transaction_id
)

select
    transactions.gateway,
    transactions.currency,
    count(*) as transaction_count,
    min(transactions.transaction_date) as first_transaction_date
from transactions
left join fees
    on transactions.source_relation = fees.source_relation
    and transactions.shopify_transaction_id = fees.shopify_transaction_id
left join {{ ref('payment_fee_rates') }} as rates
    on rates.fee_type = 'payment'
    and transactions.gateway = rates.gateway
    and transactions.currency = rates.currency
    and {{ holds_on('rates', 'transactions.transaction_date') }}
where
    fees.shopify_transaction_id is null
    and rates.gateway is null
group by transactions.gateway, transactions.currency
