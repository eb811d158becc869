{# What parcels and returns cost, in the currency they were billed in. A label that was not billed
   yet comes from the rate card in force and is estimated; picking, packing and handling have no
   other bill than their rates. A split or repeated parcel costs like any other. #}

with

orders as (
    select
        order_id,
        source_relation,
        shopify_order_id,
        currency
    from {{ ref('int_orders') }}
),

shipments as (
    select * from {{ ref('stg_costs__shipments') }}
),

returned_refunds as (
    select
        refund_id,
        min(order_id) as order_id,
        min(source_relation) as source_relation,
        min(shopify_refund_id) as shopify_refund_id,
        min(currency) as currency,
        min(refund_date) as refund_date,
        sum(case when restock_type in ('return', 'no_restock') then quantity else 0 end)
            as returned_unit_count
    from {{ ref('int_refund_lines') }}
    where order_id is not null
    group by refund_id
),

rates as (
    select * from {{ ref('fulfilment_rates') }}
),

parcels as (
    select
        orders.order_id,
        returned_refunds.refund_id,
        shipments.source_relation || ':' || shipments.shipment_id as parcel_id,
        shipments.shipment_kind = 'return' as is_return,
        shipments.currency,
        shipments.unit_count,
        shipments.label_cost_amount,
        shipments.is_estimated,
        coalesce(
            case when shipments.shipment_kind = 'return' then returned_refunds.refund_date end,
            {{ shop_date('shipments.shipped_at') }}
        ) as event_date
    from shipments
    inner join orders
        on shipments.source_relation = orders.source_relation
        and shipments.shopify_order_id = orders.shopify_order_id
    left join returned_refunds
        on shipments.source_relation = returned_refunds.source_relation
        and shipments.shopify_refund_id = returned_refunds.shopify_refund_id
),

priced_parcels as (
    select
        parcels.order_id,
        parcels.refund_id,
        parcels.parcel_id,
        parcels.is_return,
        parcels.currency,
        parcels.unit_count,
        parcels.event_date,
        parcels.label_cost_amount,
        parcels.is_estimated,
        max(case when rates.rate_type = 'carrier_label_per_parcel' then rates.rate_amount end)
            as label_rate_amount,
        max(case when rates.rate_type = 'return_label_per_parcel' then rates.rate_amount end)
            as return_label_rate_amount,
        max(case when rates.rate_type = 'pick_pack_first_unit' then rates.rate_amount end)
            as first_unit_rate_amount,
        max(case when rates.rate_type = 'pick_pack_further_unit' then rates.rate_amount end)
            as further_unit_rate_amount,
        max(case when rates.rate_type = 'packaging_per_parcel' then rates.rate_amount end)
            as packaging_rate_amount
    from parcels
    left join rates
        on parcels.currency = rates.currency
        and {{ holds_on('rates', 'parcels.event_date') }}
    group by
        parcels.order_id, parcels.refund_id, parcels.parcel_id, parcels.is_return,
        parcels.currency, parcels.unit_count, parcels.event_date, parcels.label_cost_amount,
        parcels.is_estimated
),

handled_refunds as (
    select
        returned_refunds.order_id,
        returned_refunds.refund_id,
        returned_refunds.currency,
        returned_refunds.refund_date,
        rates.rate_amount
    from returned_refunds
    inner join rates
        on returned_refunds.currency = rates.currency
        and rates.rate_type = 'return_handling_per_refund'
        and {{ holds_on('rates', 'returned_refunds.refund_date') }}
    where returned_refunds.returned_unit_count > 0
),

costs as (
    select
        order_id,
        refund_id,
        parcel_id as source_key,
        case when is_return then 'return_label' else 'carrier_label' end as cost_type,
        case when is_return then 'returned_weight' else 'weight' end as weight_kind,
        currency,
        coalesce(
            label_cost_amount,
            case when is_return then return_label_rate_amount else label_rate_amount end
        ) as cost_amount,
        is_estimated or label_cost_amount is null as is_estimated,
        event_date
    from priced_parcels
    union all
    select
        order_id,
        refund_id,
        parcel_id as source_key,
        'pick_pack' as cost_type,
        'units' as weight_kind,
        currency,
        first_unit_rate_amount
        + greatest(unit_count - 1, 0) * further_unit_rate_amount as cost_amount,
        false as is_estimated,
        event_date
    from priced_parcels
    where not is_return and unit_count > 0
    union all
    select
        order_id,
        refund_id,
        parcel_id as source_key,
        'packaging' as cost_type,
        'units' as weight_kind,
        currency,
        packaging_rate_amount as cost_amount,
        false as is_estimated,
        event_date
    from priced_parcels
    where not is_return
),

final as (
    select
        order_id,
        refund_id,
        'shipment:' || source_key as source_row,
        cost_type,
        weight_kind,
        currency,
        cast(-cost_amount as decimal(18, 4)) as cost_amount,
        is_estimated,
        event_date
    from costs
    union all
    select
        order_id,
        refund_id,
        'refund:' || refund_id as source_row,
        'return_handling' as cost_type,
        'returned_weight' as weight_kind,
        currency,
        cast(-rate_amount as decimal(18, 4)) as cost_amount,
        false as is_estimated,
        refund_date as event_date
    from handled_refunds
)

select * from final
