create or replace table given.truth as select id, is_machine from list_events;
create or replace table given.stg_klaviyo__metrics as
select 'mail' as source_relation, 'm' || number as klaviyo_metric_id, name as metric_name
from list_metrics;
create or replace table given.stg_klaviyo__events as
select
    'mail' as source_relation,
    cast(id as varchar) as klaviyo_event_id,
    'p' || profile as klaviyo_profile_id,
    'm' || metric as klaviyo_metric_id,
    'c' || mail as klaviyo_campaign_id,
    cast(null as varchar) as klaviyo_flow_id,
    case when metric = 2 then 'https://shop.test/' || link end as clicked_url,
    'Mail' as mail_client_name,
    cast(null as varchar) as bounce_type,
    metric = 1 and is_machine as is_machine_open,
    {start} + second * interval 1 second as occurred_at
from list_events;
create or replace table given.stg_klaviyo__campaigns as
select
    'mail' as source_relation,
    'c' || mail as klaviyo_campaign_id,
    'news@shop.test' as sender_address
from list_events
group by mail;
create or replace table given.stg_klaviyo__flows as
select 'mail' as source_relation, 'f' as klaviyo_flow_id, 'Welcome' as flow_name;
create or replace table given.stg_klaviyo__persons as
select
    'mail' as source_relation,
    'p' || number as klaviyo_profile_id,
    'reader' || number || '@gmail.com' as email,
    {start} + created * interval 1 second as created_at
from list_readers;
create or replace table given.stg_klaviyo__profile_subscriptions as
select
    'mail' as source_relation,
    'p' || number as klaviyo_profile_id,
    'email' as channel,
    'SUBSCRIBED' as consent_state,
    cast(null as varchar) as suppression_reason,
    {start} + created * interval 1 second as consented_at,
    {start} + created * interval 1 second as updated_at,
    cast(null as timestamp) as suppressed_at
from list_readers;
create or replace table given.identity_map as
select
    'klaviyo_profile_id' as identifier_type,
    'mail' as identifier_scope,
    'p' || number as identifier_value,
    'c' || number as customer_id
from list_readers;
create or replace table given.fct_sessions as
select cast(null as varchar) as customer_id, cast(null as timestamp) as started_at
where false;
create or replace table given.fct_subscriptions as
select cast(null as varchar) as customer_id, false as is_active
where false;
create or replace table given.int_customer_carts as
select cast(null as varchar) as customer_id, cast(null as timestamp) as last_cart_at
where false;
create or replace table given.stg_lists__decisions as
select
    cast(null as varchar) as source_relation,
    cast(null as varchar) as klaviyo_profile_id,
    cast(null as varchar) as decision,
    cast(null as varchar) as decision_batch,
    cast(null as varchar) as decided_by,
    cast(null as decimal(18, 4)) as expected_value_amount,
    cast(null as timestamp) as decided_at
where false;
