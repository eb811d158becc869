{# What the gate would drop must not be desired: a plan that is dropped every day never ends. #}
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
{%- set mail_lists = [
    'sync_klaviyo__profiles', 'sync_file__list_win_back', 'sync_klaviyo__list_at_risk',
    'sync_klaviyo__list_browse_abandoner', 'sync_klaviyo__list_cart_abandoner',
    'sync_klaviyo__list_creator_acquired', 'sync_klaviyo__list_cross_sell',
    'sync_klaviyo__list_discount_addict', 'sync_klaviyo__list_engaged',
    'sync_klaviyo__list_gift_buyer', 'sync_klaviyo__list_one_and_done',
    'sync_klaviyo__list_price_drop', 'sync_klaviyo__list_replenishment_due',
    'sync_klaviyo__list_rising_star', 'sync_klaviyo__list_subscription_at_risk',
    'sync_klaviyo__list_subscription_candidate', 'sync_klaviyo__list_vip',
    'sync_klaviyo__list_win_back',
] %}
with

suppressions as (
    select * from {{ ref('fct_suppressions') }}
),

mailed as (
    {%- for list in mail_lists %}
        select
            customer_id,
            email
        from {{ ref(list) }}
        union all
    {%- endfor %}
    select
        external_id as customer_id,
        email
    from {{ ref('sync_klaviyo__events_order_margin') }}
),

texted as (
    select
        customer_id,
        phone_number
    from {{ ref('sync_postscript__subscribers') }}
),

advertised as (
    {%- for audience in audiences %}
        select customer_id from {{ ref(audience) }}
        union all
    {%- endfor %}
    select external_id as customer_id from {{ ref('sync_meta__conversions') }}
    union all
    select external_id as customer_id from {{ ref('sync_google__conversions') }}
    union all
    select external_id as customer_id from {{ ref('sync_tiktok__conversions') }}
),

subjects as (
    select
        customer_id,
        'email' as channel,
        'customer_id' as subject_type,
        customer_id as subject_value
    from mailed
    union all
    select
        customer_id,
        'email' as channel,
        'email_sha256' as subject_type,
        {{ subject_email_sha256('email') }} as subject_value
    from mailed
    union all
    select
        customer_id,
        'sms' as channel,
        'customer_id' as subject_type,
        customer_id as subject_value
    from texted
    union all
    select
        customer_id,
        'sms' as channel,
        'phone_sha256' as subject_type,
        {{ subject_phone_sha256('phone_number') }} as subject_value
    from texted
    union all
    select
        customer_id,
        'ads' as channel,
        'customer_id' as subject_type,
        customer_id as subject_value
    from advertised
)

select
    subjects.customer_id,
    subjects.channel
from subjects
inner join suppressions
    on subjects.channel = suppressions.channel
    and subjects.subject_type = suppressions.subject_type
    and subjects.subject_value = suppressions.subject_value
