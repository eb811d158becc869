{# What the gate would drop must not be desired: a plan that is dropped every day never ends. #}
{%- set audiences = [
    'sync_google__audience_full_price_buyer', 'sync_google__audience_high_value_seed',
    'sync_google__audience_recent_purchaser', 'sync_meta__audience_creator_acquired',
    'sync_meta__audience_existing_customer', 'sync_meta__audience_new_high_margin_seed',
    'sync_meta__audience_recent_purchaser', 'sync_tiktok__audience_existing_customer',
    'sync_tiktok__audience_recent_purchaser',
] %}
with

suppressions as (
    select * from {{ ref('fct_suppressions') }}
),

mailed as (
    select
        customer_id,
        email
    from {{ ref('sync_klaviyo__profiles') }}
    union all
    select
        customer_id,
        email
    from {{ ref('sync_klaviyo__list_vip') }}
    union all
    select
        customer_id,
        email
    from {{ ref('sync_klaviyo__list_at_risk') }}
    union all
    select
        customer_id,
        email
    from {{ ref('sync_klaviyo__list_win_back') }}
    union all
    select
        customer_id,
        email
    from {{ ref('sync_klaviyo__list_cart_abandoner') }}
    union all
    select
        external_id as customer_id,
        email
    from {{ ref('sync_klaviyo__events_order_margin') }}
    union all
    select
        customer_id,
        email
    from {{ ref('sync_file__list_win_back') }}
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
