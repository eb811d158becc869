{# By which channel a customer may be reached now, and why she may not be told of to ad platforms.
   The reasons are those of the global suppression: whichever holds, the first of this order is
   named. Who never said anything is not reachable either, but has no reason to be removed. #}

with

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

judged as (
    select
        customer_id,
        as_of_at,
        {{ eligible('email', 'marketing') }} as is_email_reachable,
        {{ eligible('sms', 'marketing') }} as is_sms_reachable,
        {{ eligible('ads', 'ads_sharing') }} as is_ads_reachable,
        case
            when is_deletion_requested then 'erasure_requested'
            when is_minor then 'minor'
            when gpc_seen_at is not null then 'gpc'
            when ads_sharing_state = 'opted_out' then 'sharing_opted_out'
            when sale_state = 'opted_out' then 'sale_opted_out'
            when is_ads_suppressed then 'suppressed'
            when
                is_california and ads_sharing_state = 'unknown'
                and '{{ var("ads_unknown_in_california") }}' = 'strict'
                then 'unknown_in_california'
        end as ads_block_reason,
        is_california,
        email is not null as has_email,
        phone_number is not null as has_phone_number,
        first_seen_at,
        gpc_seen_at,
        ads_sharing_stated_at,
        sale_stated_at
    from dim_customers
),

final as (
    select
        customer_id,
        ads_block_reason,
        is_email_reachable and has_email as is_email_reachable,
        is_sms_reachable and has_phone_number as is_sms_reachable,
        is_ads_reachable,
        is_california,
        case
            when ads_block_reason is null then null
            when ads_block_reason = 'gpc' then gpc_seen_at
            when ads_block_reason = 'sharing_opted_out' and ads_sharing_stated_at <= as_of_at
                then ads_sharing_stated_at
            when ads_block_reason = 'sale_opted_out' and sale_stated_at <= as_of_at
                then sale_stated_at
            else first_seen_at
        end as ads_blocked_at,
        as_of_at
    from judged
)

select * from final
