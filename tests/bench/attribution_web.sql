-- A month of storefront events of one shop, drawn inside DuckDB into the landed table: browsers that
-- come back, visits of 1 to 24 events with pauses of seconds to minutes, most in the evening and a
-- part of them across midnight, one in 40 with an order. Events of the last day, and those of the day
-- before that arrive late, wait in raw_web.event_later; so do that day's orders.
-- Nothing here is random: every figure is a hash of a word and the row's number, as one text: hashes
-- of two values are combined so simply that draws of one row would hang together.

create macro draw(number, word) as (hash(word || number) >> 12) / 4503599627370496.0;

-- 30 days; the last one is the increment.
set variable begins = timestamp '2026-10-01';
set variable cuts = timestamp '2026-10-30';

-- Squares make some browsers come often and most of them once or twice.
create table drawn_sessions as
select
    number,
    cast(floor(draw(number, 'browser') ** 2 * getvariable('events') / 10) as bigint)
        as browser_number,
    case when draw(number, 'bounce') < 0.35 then 1
        else least(24, 2 + cast(floor(-ln(1 - draw(number, 'length')) * 7) as bigint))
    end as event_count,
    draw(number, 'order') < 0.025 and event_count >= 5 as is_ordered,
    draw(number, 'account') < 0.08 as is_signed_in,
    5 + 235 * draw(number, 'pace') ** 2 as pace_s,
    cast(floor(draw(number, 'channel') * 100) as integer) as channel_percent,
    'camp-' || cast(floor(draw(number, 'campaign') * 12) as integer) as campaign,
    getvariable('begins')
        + to_seconds(cast(floor(draw(number, 'day') * 30) * 86400
            + 86399 * (1 - draw(number, 'hour') ** 2 * draw(number, 'night')) as bigint))
        as started_at
-- 5.7 events a visit.
from range(cast(getvariable('events') / 5.7 as bigint)) as numbers(number);

-- One in three browsers is of somebody known; some people have two.
create macro customer_of(browser_number) as case
    when draw(browser_number, 'known') < 0.33
        then 'c-' || cast(floor(browser_number / 1.3) as bigint)
end;

create macro browser(browser_number) as md5('browser|' || browser_number);

create table drawn_events as
select
    md5(sessions.number || '|' || steps.step) as message_id,
    browser(sessions.browser_number) as anonymous_id,
    case when sessions.is_signed_in and steps.step = 1 then customer_of(sessions.browser_number)
        end as user_id,
    case
        when sessions.is_ordered and steps.step = sessions.event_count - 1 then 'order_completed'
        when sessions.is_ordered and steps.step = sessions.event_count - 2 then 'checkout_started'
        when steps.step % 4 = 3 then 'add_to_cart'
        when steps.step % 2 = 1 then 'product_viewed'
        else 'page_viewed'
    end as event,
    sessions.started_at + to_microseconds(cast(
        (steps.step + 0.9 * draw(sessions.number * 32 + steps.step, 'pause'))
        * sessions.pace_s * 1000000 as bigint
    )) as "timestamp",
    case when steps.step = 0 then sessions.channel_percent else 0 end as channel_percent,
    sessions.campaign,
    '/products/' || cast(floor(draw(sessions.number + steps.step, 'page') * 400) as integer) as path,
    case when sessions.is_ordered and steps.step = sessions.event_count - 1
        then 10000000000 + sessions.number end as order_id,
    draw(sessions.browser_number, 'gpc') < 0.05 as has_gpc
from drawn_sessions as sessions
cross join range(24) as steps(step)
where steps.step < sessions.event_count;

delete from raw_web.event;

insert into raw_web.event by name
select
    'aurora-us' as _source_relation, message_id, anonymous_id, user_id, event, "timestamp",
    "timestamp" + to_seconds(2) as received_at,
    'https://aurora.example' || path || case
        when channel_percent between 30 and 47
            then '?utm_source=google&utm_medium=cpc&gclid=' || message_id
        when channel_percent between 48 and 67
            then '?utm_source=facebook&utm_medium=paid_social&fbclid=' || message_id
        else ''
    end as context_page_url,
    path as context_page_path,
    case
        when channel_percent = 0 then 'https://aurora.example/collections/all'
        when channel_percent between 78 and 92 then 'https://www.google.com/'
        when channel_percent between 98 and 99 then 'https://blog' || campaign || '.example/post'
    end as context_page_referrer,
    case
        when channel_percent between 30 and 47 then 'google'
        when channel_percent between 48 and 67 then 'facebook'
        when channel_percent between 68 and 77 then 'klaviyo'
        when channel_percent between 93 and 97 then 'tiktok'
    end as context_campaign_source,
    case
        when channel_percent between 30 and 47 then 'cpc'
        when channel_percent between 48 and 67 then 'paid_social'
        when channel_percent between 68 and 77 then 'email'
        when channel_percent between 93 and 97 then 'paid_social'
    end as context_campaign_medium,
    case when channel_percent between 30 and 77 then campaign end as context_campaign_name,
    case when channel_percent between 48 and 67 then campaign end as context_campaign_id,
    case when channel_percent between 30 and 67 then message_id end as context_click_id,
    case
        when channel_percent between 30 and 47 then 'gclid'
        when channel_percent between 48 and 67 then 'fbclid'
    end as context_click_id_type,
    case when has_gpc then '1' end as context_sec_gpc,
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15' as context_user_agent,
    order_id,
    -- One event in 200 of the day before arrives a day late.
    greatest("timestamp", case
        when "timestamp" >= getvariable('cuts') - to_days(1) and draw(message_id, 'late') < 0.005
            then getvariable('cuts') else "timestamp" end) + to_seconds(3) as _fivetran_synced
from drawn_events;

create table raw_web.event_later as
select * from raw_web.event where _fivetran_synced >= getvariable('cuts');
delete from raw_web.event where _fivetran_synced >= getvariable('cuts');

-- What attribution reads besides events: who it was, orders, objections.
create schema if not exists identity;
create schema if not exists commerce;

create table drawn_orders as
select
    'aurora-us:' || events.order_id as order_id,
    events.order_id as shopify_order_id,
    coalesce(customer_of(sessions.browser_number), 'c-o-' || sessions.browser_number)
        as customer_id,
    'dtc' as order_scope,
    draw(sessions.number, 'cancelled') < 0.02 as is_cancelled,
    cast(events."timestamp" as date) as order_date,
    events."timestamp" as ordered_at
from drawn_sessions as sessions
inner join drawn_events as events on events.order_id = 10000000000 + sessions.number
where sessions.is_ordered;

create table commerce.fct_orders as
select * exclude (shopify_order_id) from drawn_orders where ordered_at < getvariable('cuts');
create table commerce.fct_orders_later as
select * exclude (shopify_order_id) from drawn_orders where ordered_at >= getvariable('cuts');

create table identity.identity_map as
select
    'shopify_customer_id' as identifier_type, 'aurora-us' as identifier_scope,
    customer_id as identifier_value, customer_id
from (select distinct customer_of(browser_number) as customer_id from drawn_sessions)
where customer_id is not null
union all
select 'shopify_order_id', 'aurora-us', cast(shopify_order_id as varchar), customer_id
from drawn_orders;

create table identity.device_spans as
select
    'aurora-us' as source_relation,
    browser(browser_number) as anonymous_id,
    customer_of(browser_number) as customer_id,
    cast(null as timestamp) as valid_from,
    cast(null as timestamp) as valid_to
from (select distinct browser_number from drawn_sessions)
where customer_of(browser_number) is not null;

create table intermediate.int_consent_by_subject as
select
    customer_id, 'ads_sharing' as purpose, 'opted_out' as consent_state,
    getvariable('begins') + to_seconds(cast(draw(customer_id, 'when') * 2592000 as bigint))
        as valid_from,
    cast(null as timestamp) as valid_to
from (select distinct customer_id from identity.device_spans)
where draw(customer_id, 'objects') < 0.03;

update intermediate.int_as_of set as_of_at = getvariable('cuts');

drop table drawn_orders;
drop table drawn_events;
drop table drawn_sessions;
