{# The blocking test of every build: whoever said no, sent GPC, asked for erasure or is under
   age is in nothing that goes to an ad platform. #}
with

sent as (
    select customer_id from {{ ref('sync_meta__audience_existing_customer') }}
    union all
    select customer_id from {{ ref('sync_google__audience_high_value_seed') }}
    union all
    select customer_id from {{ ref('sync_tiktok__audience_existing_customer') }}
    union all
    select external_id as customer_id from {{ ref('sync_meta__conversions') }}
    union all
    select external_id as customer_id from {{ ref('sync_google__conversions') }}
    union all
    select external_id as customer_id from {{ ref('sync_tiktok__conversions') }}
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
        or ads_sharing_state <> 'opted_in'
)

select customer_id from sent
where
    customer_id in (select history.customer_id from history)
    or customer_id in (select barred.customer_id from barred)
