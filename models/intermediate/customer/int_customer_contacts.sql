{{ config(materialized='ephemeral') }}

{# The address and phone a customer is reached under. Only what identity links to this very
   customer counts: a relay, shared or placeholder address is nobody's contact. #}

with

identity_map as (
    select * from {{ ref('identity_map') }}
),

accounts as (
    select * from {{ ref('stg_shopify__customers') }}
),

orders as (
    select * from {{ ref('stg_shopify__orders') }}
),

profiles as (
    select * from {{ ref('stg_klaviyo__persons') }}
),

{# Most recent verified first, then the most recent order's, then whatever a record holds. #}
seen as (
    select
        {{ normalise_email('email') }} as email,
        {{ normalise_email_for_matching('email') }} as matching_email,
        {{ normalise_phone('phone_number') }} as phone_number,
        case when is_email_verified then 1 else 3 end as email_preference,
        case when lower(sms_marketing_state) = 'subscribed' then 1 else 3 end as phone_preference,
        is_email_verified,
        coalesce(updated_at, created_at) as seen_at
    from accounts
    union all
    select
        {{ normalise_email('email') }} as email,
        {{ normalise_email_for_matching('email') }} as matching_email,
        {{ normalise_phone('phone_number') }} as phone_number,
        2 as email_preference,
        2 as phone_preference,
        false as is_email_verified,
        processed_at as seen_at
    from orders
    union all
    select
        {{ normalise_email('email') }} as email,
        {{ normalise_email_for_matching('email') }} as matching_email,
        {{ normalise_phone('phone_number') }} as phone_number,
        3 as email_preference,
        3 as phone_preference,
        false as is_email_verified,
        created_at as seen_at
    from profiles
),

emails as (
    select
        identity_map.customer_id,
        seen.email,
        max(case when seen.is_email_verified then 1 else 0 end) = 1 as is_email_verified,
        min(seen.email_preference) as preference
    from seen
    inner join identity_map
        on seen.matching_email = identity_map.identifier_value
        and identity_map.identifier_type = 'email'
    group by identity_map.customer_id, seen.email
),

email_times as (
    select
        email,
        email_preference as preference,
        max(seen_at) as last_seen_at
    from seen
    where email is not null
    group by email, email_preference
),

ranked_emails as (
    select
        emails.customer_id,
        emails.email,
        emails.is_email_verified,
        row_number() over (
            partition by emails.customer_id
            order by emails.preference asc, email_times.last_seen_at desc, emails.email asc
        ) as place
    from emails
    inner join email_times
        on emails.email = email_times.email
        and emails.preference = email_times.preference
),

phones as (
    select
        identity_map.customer_id,
        seen.phone_number,
        row_number() over (
            partition by identity_map.customer_id
            order by seen.phone_preference asc, seen.seen_at desc, seen.phone_number asc
        ) as place
    from seen
    inner join identity_map
        on seen.phone_number = identity_map.identifier_value
        and identity_map.identifier_type = 'phone'
),

chosen_emails as (
    select * from ranked_emails
    where place = 1
),

chosen_phones as (
    select * from phones
    where place = 1
),

final as (
    select
        coalesce(chosen_emails.customer_id, chosen_phones.customer_id) as customer_id,
        chosen_emails.email,
        chosen_phones.phone_number,
        coalesce(chosen_emails.is_email_verified, false) as is_email_verified
    from chosen_emails
    full outer join chosen_phones
        on chosen_emails.customer_id = chosen_phones.customer_id
)

select * from final
