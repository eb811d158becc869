create schema given;
create table given.feed_issue_codes as from read_csv('{seeds}/feed_issue_codes.csv');
create table given.feed_rules as
select * replace (cast(valid_to as date) as valid_to, cast(rule_value as decimal(18, 6)) as rule_value)
from read_csv('{seeds}/feed_rules.csv');
create table given.int_as_of as select timestamp '{start}' + interval {days} day as as_of_at;
create table given.int_orders as select 'US' as shipping_country_code;
create table given.stg_google_merchant__product_statuses as
select
    'm' as source_relation,
    'o' || offer as offer_id,
    context as reporting_context,
    'US' as country_code,
    case state when 1 then 'disapproved' when 2 then 'disapproved' else 'approved' end as feed_status,
    timestamp '{start}' + second * interval 1 second as pulled_at,
    cast(null as timestamp) as changed_at
from feed_states
where state <> 4;
create table given.stg_google_merchant__item_issues as
select
    'm' as source_relation,
    'o' || offer as offer_id,
    context as reporting_context,
    'US' as country_code,
    case state
        when 1 then 'pending_initial_policy_review_shopping_ads'
        when 2 then code
        else 'image_link_generic'
    end as issue_code,
    '' as attribute,
    case state when 3 then 'DEMOTED' else 'DISAPPROVED' end as severity,
    case state when 1 then 'pending_processing' else 'merchant_action' end as resolution,
    timestamp '{start}' + second * interval 1 second as pulled_at
from feed_states
where state in (1, 2, 3);
create table given.stg_google_merchant__product_views as
select
    'm' as source_relation,
    'o' || offer as offer_id,
    'g' || offer as item_group_id,
    case when has_stock then 'in_stock' else 'out_of_stock' end as availability,
    cast(price / 100 as decimal(18, 4)) as price_amount,
    cast(date '{start}' + cast(day as integer) as date) as pulled_date
from feed_days;
create table given.stg_google_merchant__product_performances as
select
    'm' as source_relation,
    'o' || offer as offer_id,
    context as reporting_context,
    seen as impression_count,
    cast(date '{start}' + cast(day as integer) as date) as performance_date
from feed_seen;
create table given.stg_shopify__product_variants as
select
    offer as shopify_variant_id,
    'o' || offer as sku,
    1 as inventory_quantity
from feed_days
group by offer;
create table given.fct_order_lines as
select
    'x' as order_id,
    'x' as sku,
    date '{start}' as order_date,
    cast(1 as decimal(18, 4)) as net_merchandise_sales_amount
where false;
create table given.fct_order_credits as
select
    'x' as order_id,
    'google_ads' as channel,
    'last_non_direct' as attribution_model,
    cast(1 as decimal(9, 6)) as credit_ratio
where false;
create table given.fct_sku_margin_daily as
select
    'x' as sku,
    cast(1 as decimal(18, 4)) as cm2_amount,
    cast(1 as decimal(18, 4)) as net_sales_amount
where false;
