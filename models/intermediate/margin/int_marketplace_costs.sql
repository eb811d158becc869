{# What a marketplace keeps: its fee on payment and its own discount without tax, and, where
   merchandise was refunded, a share of that fee, capped per SKU. The statement's own figure where it
   has one. A discount that the marketplace pays is revenue of the shop. #}

with

orders as (
    select
        order_id,
        source_relation,
        shopify_order_id,
        sales_channel
    from {{ ref('int_orders') }}
),

settlements as (
    select
        *,
        {{ shop_date('settled_at') }} as settled_date
    from {{ ref('stg_tiktok_shop__order_settlements') }}
),

order_lines as (
    select
        order_id,
        sum(net_merchandise_sales_shop_amount) as net_merchandise_sales_shop_amount
    from {{ ref('int_order_lines') }}
    group by order_id
),

refunds as (
    select
        order_id,
        sum(refund_shop_amount) as refund_shop_amount,
        count(distinct order_line_id) as refunded_line_count,
        max(case when refund_kind = 'goodwill' then 1 else 0 end) as goodwill_count,
        min(refund_date) as refund_date
    from {{ ref('int_refund_lines') }}
    where refund_kind <> 'shipping' and order_id is not null
    group by order_id
),

rates as (
    select * from {{ ref('marketplace_fee_rates') }}
),

currencies as (
    select * from {{ ref('currencies') }}
),

referral_fees as (
    select
        orders.order_id,
        orders.sales_channel,
        settlements.source_relation,
        settlements.tiktok_order_id,
        settlements.currency,
        currencies.minor_unit_digits,
        settlements.settled_date,
        settlements.refund_admin_fee_amount,
        coalesce(
            settlements.referral_fee_amount,
            {{ round_to_minor_unit(
                '(settlements.customer_payment_amount'
                ~ ' + coalesce(settlements.platform_discount_amount, 0)'
                ~ ' - coalesce(settlements.tax_amount, 0)) * rates.fee_ratio',
                'currencies.minor_unit_digits'
            ) }}
        ) as fee_amount,
        settlements.referral_fee_amount is null as is_estimated
    from settlements
    inner join orders
        on settlements.source_relation = orders.source_relation
        and settlements.shopify_order_id = orders.shopify_order_id
    inner join currencies
        on settlements.currency = currencies.currency
    left join rates
        on orders.sales_channel = rates.sales_channel
        and settlements.currency = rates.currency
        and rates.fee_type = 'referral'
        and {{ holds_on('rates', 'settlements.settled_date') }}
),

refund_shares as (
    select
        referral_fees.*,
        refunds.refund_date,
        refunds.refunded_line_count,
        case
            when refunds.goodwill_count = 1 then referral_fees.fee_amount
            when refunds.refund_shop_amount >= order_lines.net_merchandise_sales_shop_amount
                then referral_fees.fee_amount
            else cast(
                referral_fees.fee_amount * refunds.refund_shop_amount
                / nullif(order_lines.net_merchandise_sales_shop_amount, 0) as decimal(18, 4)
            )
        end as refunded_fee_amount
    from referral_fees
    inner join refunds
        on referral_fees.order_id = refunds.order_id
    inner join order_lines
        on referral_fees.order_id = order_lines.order_id
),

refund_fees as (
    select
        refund_shares.order_id,
        refund_shares.source_relation,
        refund_shares.tiktok_order_id,
        refund_shares.currency,
        refund_shares.refund_date,
        refund_shares.refund_admin_fee_amount is null as is_estimated,
        coalesce(
            refund_shares.refund_admin_fee_amount,
            least(
                {{ round_to_minor_unit(
                    'refund_shares.refunded_fee_amount * rates.fee_ratio',
                    'refund_shares.minor_unit_digits'
                ) }},
                coalesce(
                    rates.cap_amount * greatest(refund_shares.refunded_line_count, 1),
                    refund_shares.refunded_fee_amount
                )
            )
        ) as fee_amount
    from refund_shares
    left join rates
        on refund_shares.sales_channel = rates.sales_channel
        and refund_shares.currency = rates.currency
        and rates.fee_type = 'refund_administration'
        and {{ holds_on('rates', 'refund_shares.refund_date') }}
),

final as (
    select
        order_id,
        'settlement:' || source_relation || ':' || tiktok_order_id as source_row,
        'marketplace_fee' as cost_type,
        currency,
        cast(-fee_amount as decimal(18, 4)) as cost_amount,
        is_estimated,
        settled_date as event_date
    from referral_fees
    union all
    select
        order_id,
        'settlement:' || source_relation || ':' || tiktok_order_id as source_row,
        'refund_administration_fee' as cost_type,
        currency,
        cast(-fee_amount as decimal(18, 4)) as cost_amount,
        is_estimated,
        refund_date as event_date
    from refund_fees
)

select * from final
