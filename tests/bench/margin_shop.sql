-- A year of orders of two shops, drawn inside DuckDB: about 2.4 lines an order, codes on a third of
-- them, tax on top in one shop and within the price in the other, parcels, fees, returns, disputes,
-- a marketplace. Catalogue, unit costs, exchange rates and ad spend are the simulated brand's own.
-- Nothing here is random: every figure is a hash of the row's number and a word.

create macro draw(number, word) as (hash(number, word) >> 12) / 4503599627370496.0;
create macro cents(amount) as cast(round(amount, 2) as decimal(18, 4));

create table drawn_catalogue as
select
    variants.*,
    row_number() over (partition by source_relation order by shopify_variant_id) - 1 as place,
    count(*) over (partition by source_relation) as variant_count
from staging.stg_shopify__product_variants as variants
where list_price_amount > 0;

create table drawn_ads as
select *, row_number() over (order by channel, ad_id) - 1 as place, count(*) over () as ad_count
from (
    select distinct 'meta_ads' as channel, meta_campaign_id as campaign_id, meta_ad_id as ad_id
    from staging.stg_facebook_ads__ads
    union
    select 'google_ads', google_campaign_id, google_ad_id from staging.stg_google_ads__ad_days
    union
    select 'tiktok_ads', tiktok_campaign_id, tiktok_ad_id from staging.stg_tiktok_ads__ads
) as ads;

create table drawn_orders as
select
    number,
    10000000000 + number as shopify_order_id,
    case when draw(number, 'shop') < 0.75 then 'aurora-us' else 'aurora-eu' end as source_relation,
    source_relation = 'aurora-eu' as is_tax_included,
    case when source_relation = 'aurora-eu' then 'EUR' else 'USD' end as currency,
    source_relation = 'aurora-us' and draw(number, 'marketplace') < 0.03 as is_marketplace,
    case when draw(number, 'code') < 0.35
        then [0.1, 0.15, 0.2][1 + cast(floor(draw(number, 'share') * 3) as integer)] else 0
    end as discount_ratio,
    case when is_tax_included then 0.19 when draw(number, 'tax') < 0.6 then 0.08 else 0 end
        as tax_ratio,
    case when draw(number, 'shipping') < 0.7 then 5.95 else 0 end as shipping_amount,
    draw(number, 'cancelled') < 0.01 as is_cancelled,
    not is_cancelled and draw(number, 'returned') < 0.08 as is_returned,
    1 + (draw(number, 'lines') >= 0.25)::integer + (draw(number, 'lines') >= 0.55)::integer
        + (draw(number, 'lines') >= 0.80)::integer as line_count,
    as_of.as_of_at - to_seconds(cast(draw(number, 'moment') * 31536000 as bigint)) as ordered_at,
    as_of.as_of_at
from range(getvariable('orders')) as numbers(number)
cross join intermediate.int_as_of as as_of;

create table drawn_lines as
select
    orders.number,
    10 * orders.shopify_order_id + lines.line_number as shopify_order_line_id,
    lines.line_number,
    catalogue.shopify_product_id, catalogue.shopify_variant_id, catalogue.sku,
    catalogue.variant_title,
    1 + (draw(shopify_order_line_id, 'units') >= 0.8)::bigint
        + (draw(shopify_order_line_id, 'units') >= 0.95)::bigint as quantity,
    catalogue.list_price_amount as unit_price_amount,
    100 + 20 * catalogue.place as unit_weight_grams,
    cents(quantity * unit_price_amount * orders.discount_ratio) as discount_amount,
    quantity * unit_price_amount - cents(quantity * unit_price_amount * orders.discount_ratio)
        as paid_amount,
    cents(case when orders.is_tax_included then paid_amount * tax_ratio / (1 + tax_ratio)
        else paid_amount * tax_ratio end) as tax_amount
from drawn_orders as orders
inner join (values (1), (2), (3), (4)) as lines (line_number)
    on lines.line_number <= orders.line_count
inner join drawn_catalogue as catalogue
    on orders.source_relation = catalogue.source_relation
    and cast(floor(draw(orders.number * 10 + lines.line_number, 'variant')
        * catalogue.variant_count) as bigint) = catalogue.place;

create table drawn_totals as
select
    number,
    sum(quantity) as unit_count,
    sum(quantity * unit_price_amount) as list_amount,
    sum(discount_amount) as discount_amount,
    sum(paid_amount) as paid_amount,
    sum(tax_amount) as tax_amount,
    sum(quantity * unit_weight_grams) as weight_grams
from drawn_lines group by number;

insert into staging.stg_shopify__orders by name
select
    source_relation, shopify_order_id, 'drawn' as email, '#' || number as order_name,
    case when is_marketplace then 'tiktok' else 'web' end as source_name, currency,
    currency as presentment_currency, 'paid' as financial_status,
    case when is_tax_included then 'DE' else 'US' end as shipping_country_code,
    paid_amount as subtotal_amount, list_amount as line_items_amount, discount_amount,
    tax_amount + case when is_tax_included then cents(shipping_amount * 0.19 / 1.19) else 0 end
        as tax_amount,
    0 as tip_amount,
    paid_amount + shipping_amount + case when is_tax_included then 0 else tax_amount end
        as total_amount,
    weight_grams, is_tax_included, false as is_test,
    case when is_cancelled then ordered_at + interval 2 hour end as cancelled_at,
    ordered_at as created_at, ordered_at as processed_at, ordered_at as updated_at,
    as_of_at as synced_at
from drawn_orders inner join drawn_totals using (number);

insert into staging.stg_shopify__order_lines by name
select
    source_relation, shopify_order_line_id, shopify_order_id, shopify_product_id,
    shopify_variant_id, sku, variant_title as product_title, line_number, quantity,
    unit_price_amount, 0 as line_discount_amount, unit_weight_grams, false as is_gift_card,
    true as is_shipping_required, true as is_taxable, as_of_at as synced_at
from drawn_lines inner join drawn_orders using (number);

insert into staging.stg_shopify__tax_lines by name
select source_relation, shopify_order_line_id, 1 as tax_line_number, 'Tax' as tax_title, tax_ratio,
    tax_amount, as_of_at as synced_at
from drawn_lines inner join drawn_orders using (number) where tax_ratio > 0;

insert into staging.stg_shopify__discount_allocations by name
select source_relation, shopify_order_line_id, 0 as discount_allocation_number,
    0 as discount_application_number, discount_amount, as_of_at as synced_at
from drawn_lines inner join drawn_orders using (number) where discount_amount > 0;

insert into staging.stg_shopify__order_discount_codes by name
select source_relation, shopify_order_id, 1 as discount_code_number,
    'SAVE' || cast(100 * discount_ratio as integer) as discount_code,
    'percentage' as discount_type, discount_amount, as_of_at as synced_at
from drawn_orders inner join drawn_totals using (number) where discount_ratio > 0;

insert into staging.stg_shopify__order_tags by name
select source_relation, shopify_order_id, 1 as tag_number, 'wholesale' as tag,
    as_of_at as synced_at
from drawn_orders where draw(number, 'tag') < 0.01;

insert into staging.stg_shopify__order_shipping_lines by name
select source_relation, shopify_order_id as shopify_shipping_line_id, shopify_order_id,
    'Standard' as shipping_title, shipping_amount, shipping_amount as discounted_shipping_amount,
    as_of_at as synced_at
from drawn_orders;

create table drawn_transactions as
select
    source_relation, 2 * shopify_order_id as shopify_transaction_id, shopify_order_id,
    'sale' as transaction_kind,
    case when is_marketplace then 'tiktok_shop' when draw(number, 'gateway') < 0.2 then 'paypal'
        else 'shopify_payments' end as gateway,
    currency, total_amount as transaction_amount, ordered_at as processed_at, number
from drawn_orders inner join staging.stg_shopify__orders as orders
    using (source_relation, shopify_order_id, currency)
union all
select source_relation, 2 * shopify_order_id + 1, shopify_order_id, 'chargeback',
    'shopify_payments', currency, 25, ordered_at + interval 20 day, number
from drawn_orders where not is_marketplace and draw(number, 'dispute') < 0.002;

insert into staging.stg_shopify__transactions by name
select * exclude (number), 'success' as transaction_status, false as is_test,
    processed_at as created_at, processed_at as synced_at
from drawn_transactions;

insert into staging.stg_costs__transaction_fees by name
select source_relation, 'fee_' || shopify_transaction_id as transaction_fee_id,
    shopify_transaction_id, shopify_order_id, 'sale' as fee_kind, currency,
    cents(transaction_amount * 0.029 + 0.3) as fee_amount, processed_at as charged_at,
    processed_at as synced_at
from drawn_transactions
where transaction_kind = 'sale' and gateway <> 'tiktok_shop' and draw(number, 'fee') < 0.8;

insert into staging.stg_costs__shipments by name
select source_relation, 'shp_' || shopify_order_id || '_' || parcel as shipment_id,
    shopify_order_id, 'outbound' as shipment_kind, 'UPS' as carrier, currency, weight_grams,
    case parcel when 1 then unit_count else 1 end as unit_count,
    case when draw(number, 'label') < 0.9 then cents(6 + weight_grams * 0.001) end
        as label_cost_amount,
    false as is_estimated, ordered_at + to_days(parcel) as shipped_at, as_of_at as synced_at
from drawn_orders inner join drawn_totals using (number)
cross join (values (1), (2)) as parcels (parcel)
where not is_cancelled and (parcel = 1 or draw(number, 'parcel') < 0.05);

create table drawn_refunds as
select *, shopify_order_id as shopify_refund_id,
    ordered_at + to_days(cast(3 + draw(number, 'back') * 40 as integer)) as refunded_at
from drawn_orders where is_returned or is_cancelled or draw(number, 'goodwill') < 0.01;

delete from drawn_refunds where refunded_at > as_of_at;

insert into staging.stg_shopify__refunds by name
select source_relation, shopify_refund_id, shopify_order_id, is_returned as is_restocked,
    refunded_at as created_at, refunded_at as processed_at, as_of_at as synced_at
from drawn_refunds;

insert into staging.stg_shopify__order_line_refunds by name
select source_relation, shopify_order_line_id as shopify_order_line_refund_id, shopify_refund_id,
    shopify_order_line_id,
    case when is_cancelled then 'cancel' when draw(number, 'resellable') < 0.7 then 'return'
        else 'no_restock' end as restock_type,
    quantity, paid_amount as refund_amount, tax_amount as refund_tax_amount, as_of_at as synced_at
from drawn_refunds inner join drawn_lines using (number)
where is_cancelled or (is_returned and line_number = 1);

insert into staging.stg_shopify__order_adjustments by name
select source_relation, shopify_refund_id as shopify_order_adjustment_id, shopify_order_id,
    shopify_refund_id, case when number % 2 = 0 then 'shipping_refund' else 'refund_discrepancy' end
        as adjustment_kind,
    -5 as adjustment_amount, 0 as adjustment_tax_amount, as_of_at as synced_at
from drawn_refunds where not is_returned and not is_cancelled;

insert into staging.stg_costs__shipments by name
select source_relation, 'shr_' || shopify_refund_id as shipment_id, shopify_order_id,
    shopify_refund_id, 'return' as shipment_kind, 'UPS' as carrier, currency,
    500 as weight_grams, 1 as unit_count, 6.1 as label_cost_amount, false as is_estimated,
    refunded_at as shipped_at, as_of_at as synced_at
from drawn_refunds where is_returned and draw(number, 'label back') < 0.6;

insert into staging.stg_tiktok_shop__order_settlements by name
select source_relation, cast(shopify_order_id as varchar) as tiktok_order_id, shopify_order_id,
    currency, paid_amount + tax_amount as customer_payment_amount, 5 as platform_discount_amount,
    tax_amount, ordered_at + interval 10 day as settled_at, as_of_at as synced_at
from drawn_orders inner join drawn_totals using (number) where is_marketplace;

create schema if not exists identity;
create table identity.identity_map as
select 'shopify_order_id' as identifier_type, source_relation as identifier_scope,
    cast(shopify_order_id as varchar) as identifier_value,
    'cus_' || md5(cast(cast(number * 0.4 as bigint) as varchar)) as customer_id,
    'drawn' as rule, ordered_at as first_seen_at
from drawn_orders;

create schema if not exists attribution;
create table attribution.fct_order_credits as
select
    md5('credit' || number) as credit_id, source_relation || ':' || shopify_order_id as order_id,
    cast(null as varchar) as touch_id, 'last_non_direct' as attribution_model,
    case when draw(number, 'paid') < 0.6 then drawn_ads.channel else 'unattributed' end as channel,
    case when draw(number, 'paid') < 0.6 then cast(campaign_id as varchar) end as campaign_id,
    case when draw(number, 'paid') < 0.6 then cast(ad_id as varchar) end as ad_id,
    cast(1 as decimal(9, 6)) as credit_ratio,
    cast(timezone('America/New_York', timezone('UTC', ordered_at)) as date) as order_date,
    cast(null as timestamp) as touched_at, ordered_at
from drawn_orders
inner join drawn_ads
    on cast(floor(draw(number, 'ad') * drawn_ads.ad_count) as bigint) = drawn_ads.place;

drop table drawn_catalogue;
drop table drawn_ads;
drop table drawn_lines;
drop table drawn_totals;
drop table drawn_transactions;
drop table drawn_refunds;
drop table drawn_orders;
