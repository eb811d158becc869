-- The worked example: SKU-B of order shop:1 came back resellable on 10-20. Order 2 has no known
-- cost of goods; orders shop:3 and eu:9 have the same name.
create schema margin;
create schema intermediate;
create schema seeds;

create table seeds.cost_lines (
    cost_type varchar, margin_step varchar, is_after_sale boolean, cost_name varchar
);
insert into seeds.cost_lines values
('gross_merchandise_sales', 'cm1', false, 'Gross merchandise sales'),
('discount', 'cm1', false, 'Discount'),
('merchandise_refund', 'cm1', true, 'Merchandise refund'),
('cost_of_goods', 'cm1', false, 'Cost of goods sold'),
('cost_of_goods_returned', 'cm1', true, 'Cost of goods back in stock'),
('shipping_charged', 'cm2', false, 'Shipping charged'),
('carrier_label', 'cm2', false, 'Carrier label'),
('pick_pack', 'cm2', false, 'Pick and pack'),
('packaging', 'cm2', false, 'Packaging'),
('payment_fee', 'cm2', false, 'Payment fee'),
('return_label', 'cm2', true, 'Return label'),
('return_handling', 'cm2', true, 'Return handling'),
('creator_commission', 'cm3', false, 'Creator commission'),
('ad_spend', 'cm3', false, 'Ad spend');

create table intermediate.int_orders (
    order_id varchar, shopify_order_id bigint, order_name varchar, email varchar
);
insert into intermediate.int_orders values
('shop:1', 1, '#1001', 'ann@home.example'),
('shop:2', 2, '#1002', 'ann@home.example'),
('shop:3', 3, '#77', 'ann@home.example'),
('eu:9', 9, '#77', 'bob@home.example');

create table intermediate.int_cost_lines (
    source_row varchar, cost_type varchar, order_line_id varchar, order_id varchar,
    amount decimal(18, 4), is_estimated boolean, event_date date, cohort_date date
);
insert into intermediate.int_cost_lines
select source_row, cost_type, order_line_id, 'shop:1', amount, is_estimated, event_date, '2026-10-05'
from (values
('order_line:shop:11', 'gross_merchandise_sales', 'shop:11', 80, false, date '2026-10-05'),
('order_line:shop:11', 'discount', 'shop:11', -8, false, date '2026-10-05'),
('order_line:shop:11', 'cost_of_goods', 'shop:11', -19, false, date '2026-10-05'),
('order:shop:1', 'shipping_charged', 'shop:11', 4.33, false, date '2026-10-05'),
('shipment:shop:A', 'carrier_label', 'shop:11', -4.68, true, date '2026-10-05'),
('shipment:shop:A', 'pick_pack', 'shop:11', -2.20, false, date '2026-10-05'),
('shipment:shop:A', 'packaging', 'shop:11', -0.57, false, date '2026-10-05'),
('transaction:shop:10', 'payment_fee', 'shop:11', -2.62, true, date '2026-10-05'),
('contract:shop:5', 'creator_commission', 'shop:11', -9, false, date '2026-10-05'),
('order_line:shop:12', 'gross_merchandise_sales', 'shop:12', 30, false, date '2026-10-05'),
('order_line:shop:12', 'discount', 'shop:12', -3, false, date '2026-10-05'),
('order_line:shop:12', 'cost_of_goods', 'shop:12', -12, true, date '2026-10-05'),
('order:shop:1', 'shipping_charged', 'shop:12', 1.62, false, date '2026-10-05'),
('shipment:shop:A', 'carrier_label', 'shop:12', -3.12, true, date '2026-10-05'),
('shipment:shop:A', 'pick_pack', 'shop:12', -1.10, false, date '2026-10-05'),
('shipment:shop:A', 'packaging', 'shop:12', -0.28, false, date '2026-10-05'),
('transaction:shop:10', 'payment_fee', 'shop:12', -0.98, true, date '2026-10-05'),
('refund_line:shop:line:1', 'merchandise_refund', 'shop:12', -27, false, date '2026-10-20'),
('refund_line:shop:line:1', 'cost_of_goods_returned', 'shop:12', 12, true, date '2026-10-20'),
('shipment:shop:C', 'return_label', 'shop:12', -6.10, true, date '2026-10-20'),
('refund:shop:5', 'return_handling', 'shop:12', -1.50, false, date '2026-10-20')
) as entries (source_row, cost_type, order_line_id, amount, is_estimated, event_date)
union all
select 'order_line:shop:21', 'gross_merchandise_sales', 'shop:21', 'shop:2', 5, false,
    date '2026-10-06', date '2026-10-06';

create table margin.int_marketing_cost_lines (
    source_row varchar, credit_id varchar, cost_type varchar, order_line_id varchar,
    order_id varchar, amount decimal(18, 4), event_date date, cohort_date date
);
insert into margin.int_marketing_cost_lines
select source_row, credit_id, 'ad_spend', order_line_id, 'shop:1', amount, '2026-10-05',
    '2026-10-05'
from (values
('ad_spend:meta_ads:ad:77:2026-10-05', 'c1', 'shop:11', -10.00),
('ad_spend:meta_ads:ad:77:2026-10-05', 'c2', 'shop:11', -3.09),
('ad_spend:meta_ads:ad:77:2026-10-05', 'c1', 'shop:12', -4.91)
) as entries (source_row, credit_id, order_line_id, amount);

create table margin.fct_order_line_margin (
    order_line_id varchar, order_id varchar, sku varchar, quantity bigint, cost_quality varchar,
    gross_merchandise_sales_amount decimal(18, 4), net_merchandise_sales_amount decimal(18, 4),
    net_sales_amount decimal(18, 4), cm1_amount decimal(18, 4), cm2_amount decimal(18, 4),
    cm3_amount decimal(18, 4), cm2_at_order_amount decimal(18, 4)
);
insert into margin.fct_order_line_margin values
('shop:11', 'shop:1', 'SKU-A', 2, 'exact', 80, 72, 72, 53, 47.26, 34.17, 47.26),
('shop:12', 'shop:1', 'SKU-B', 1, 'fallback', 30, 27, 0, 0, -11.46, -16.37, 11.14),
('shop:21', 'shop:2', null, 1, 'missing', 5, 5, 5, 5, 5, 5, 5),
('eu:91', 'eu:9', 'SKU-A', 1, 'exact', 0, 0, 0, 0, 0, 0, 0);

create table margin.fct_order_margin (
    order_id varchar, source_relation varchar, order_scope varchar, cost_quality varchar,
    gross_merchandise_sales_amount decimal(18, 4), net_merchandise_sales_amount decimal(18, 4),
    net_sales_amount decimal(18, 4), cm1_amount decimal(18, 4), cm2_amount decimal(18, 4),
    cm3_amount decimal(18, 4), cm2_at_order_amount decimal(18, 4), cost_coverage_ratio decimal(9, 6), is_cancelled boolean,
    order_date date, is_mature boolean, cm2_expected_amount decimal(18, 4),
    return_evidence_unit_count bigint
);
insert into margin.fct_order_margin values
('shop:1', 'shop', 'dtc', 'fallback', 110, 99, 72, 53, 35.80, 17.80, 58.40, 1, false, '2026-10-05',
    false, 32.41, 30),
('shop:2', 'shop', 'dtc', 'missing', 5, 5, 5, 5, 5, 5, 5, 0, true, '2026-10-06',
    false, null, 0),
('shop:3', 'shop', 'dtc', 'exact', 0, 0, 0, 0, 0, 0, 0, 1, false, '2026-10-07', true, 0, null),
('eu:9', 'eu', 'dtc', 'exact', 0, 0, 0, 0, 0, 0, 0, 1, false, '2026-10-07', false, 0, 0);
