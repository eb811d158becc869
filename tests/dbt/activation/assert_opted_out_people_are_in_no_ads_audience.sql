{# The blocking test of every build: whoever said no, sent GPC, asked for erasure, is under age or
   stands in the block is in nothing that goes to an ad platform, be it a target, a seed or an
   exclusion. It asks what was said as well as the segment that says it, so that neither can hide
   a mistake of the other. #}
{%- set audiences = [
    'sync_google__audience_existing_customer', 'sync_google__audience_full_price_buyer',
    'sync_google__audience_high_value_seed', 'sync_google__audience_recent_purchaser',
    'sync_meta__audience_at_risk', 'sync_meta__audience_cart_abandoner',
    'sync_meta__audience_creator_acquired', 'sync_meta__audience_existing_customer',
    'sync_meta__audience_high_value_seed', 'sync_meta__audience_negative_margin',
    'sync_meta__audience_new_high_margin_seed', 'sync_meta__audience_recent_purchaser',
    'sync_meta__audience_serial_returner', 'sync_meta__audience_win_back',
    'sync_tiktok__audience_existing_customer', 'sync_tiktok__audience_high_value_seed',
    'sync_tiktok__audience_recent_purchaser',
] %}
{%- set events = [
    'sync_google__conversions', 'sync_meta__conversions', 'sync_tiktok__conversions',
] %}
with

sent as (
    {%- for audience in audiences %}
        select customer_id from {{ ref(audience) }}
        union all
    {%- endfor %}
    {%- for event in events %}
        select external_id as customer_id from {{ ref(event) }}
        {%- if not loop.last %}
            union all
        {%- endif %}
    {%- endfor %}
),

history as (
    select customer_id from {{ ref('fct_consent_history') }}
    where
        purpose in ('ads_sharing', 'sale')
        and consent_state = 'opted_out'
        and valid_to is null
),

barred as (
    select customer_id from {{ ref('dim_customers') }}
    where
        gpc_seen_at is not null
        or is_deletion_requested
        or is_minor
        or is_ads_suppressed
        or ads_sharing_state <> 'opted_in'
),

blocked as (
    select customer_id from {{ ref('audience_ads_opt_out') }}
)

select customer_id from sent
where
    customer_id in (select history.customer_id from history)
    or customer_id in (select barred.customer_id from barred)
    or customer_id in (select blocked.customer_id from blocked)
