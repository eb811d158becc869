{# Gathers what other shelves know and computes nothing twice. #}

with

customer_seeds as (
    select * from {{ ref('customer_seeds') }}
),

as_of as (
    select as_of_at from {{ ref('int_as_of') }}
),

contacts as (
    select * from {{ ref('int_customer_contacts') }}
),

names_and_places as (
    select * from {{ ref('int_customer_names_and_places') }}
),

households as (
    select * from {{ ref('int_customer_households') }}
),

acquisitions as (
    select * from {{ ref('int_customer_acquisitions') }}
),

order_totals as (
    select * from {{ ref('int_customer_order_totals') }}
),

consent_states as (
    select * from {{ ref('int_customer_consent_states') }}
),

carts as (
    select * from {{ ref('int_customer_carts') }}
),

list_members as (
    select customer_id from {{ ref('int_customer_engagement') }}
    where is_on_list
),

sightings as (
    select * from {{ ref('int_customer_sightings') }}
),

gathered as (
    select
        customer_seeds.customer_id,
        households.household_id,
        contacts.email,
        contacts.phone_number,
        names_and_places.first_name,
        names_and_places.last_name,
        names_and_places.city,
        names_and_places.region,
        names_and_places.zip,
        names_and_places.country_code,
        acquisitions.channel as acquisition_channel,
        acquisitions.campaign_id as acquisition_campaign_id,
        acquisitions.ad_id as acquisition_ad_id,
        acquisitions.sku as acquisition_sku,
        acquisitions.discount_codes as acquisition_discount_codes,
        consent_states.email_marketing_state,
        consent_states.email_marketing_source,
        consent_states.sms_marketing_state,
        consent_states.sms_marketing_source,
        consent_states.ads_sharing_state,
        consent_states.ads_sharing_source,
        consent_states.sale_state,
        consent_states.sale_source,
        consent_states.profiling_state,
        consent_states.profiling_source,
        case
            when consent_states.has_complained then 'complained'
            when consent_states.has_bounced then 'bounced'
            when consent_states.email_marketing_state = 'opted_out' then 'unsubscribed'
            when consent_states.is_email_suppressed then 'suppressed'
            when consent_states.email_marketing_state = 'opted_in' then 'subscribed'
            when list_members.customer_id is not null then 'listed'
            else 'not_listed'
        end as list_state,
        customer_seeds.weakest_strength,
        customer_seeds.cluster_size as source_record_count,
        customer_seeds.identifier_count,
        households.member_count as household_member_count,
        coalesce(order_totals.order_count, 0) as order_count,
        coalesce(order_totals.order_count_365d, 0) as order_count_365d,
        coalesce(order_totals.discounted_order_count, 0) as discounted_order_count,
        coalesce(order_totals.net_sales_amount, 0) as net_sales_amount,
        coalesce(order_totals.net_sales_365d_amount, 0) as net_sales_365d_amount,
        coalesce(order_totals.cm1_amount, 0) as cm1_amount,
        coalesce(order_totals.cm2_amount, 0) as cm2_amount,
        coalesce(order_totals.cm2_365d_amount, 0) as cm2_365d_amount,
        coalesce(order_totals.cm2_90d_amount, 0) as cm2_90d_amount,
        order_totals.net_sales_amount / nullif(order_totals.order_count, 0)
            as average_order_value_amount,
        (order_totals.net_merchandise_sales_amount - order_totals.net_sales_amount)
        / nullif(order_totals.net_merchandise_sales_amount, 0) as return_ratio,
        order_totals.discount_amount
        / nullif(order_totals.gross_merchandise_sales_amount, 0) as discount_share_ratio,
        {{ dbt.datediff('order_totals.last_ordered_at', 'as_of.as_of_at', 'day') }}
            as days_since_last_order,
        order_totals.median_order_gap_days,
        carts.last_cart_value_amount,
        coalesce(contacts.is_email_verified, false) as is_email_verified,
        coalesce(names_and_places.is_california, false)
        or consent_states.has_californian_consent as is_california,
        consent_states.is_minor,
        consent_states.is_deletion_requested,
        consent_states.is_email_suppressed,
        consent_states.is_sms_suppressed,
        consent_states.is_ads_suppressed,
        customer_seeds.has_open_review,
        customer_seeds.first_seen_at,
        coalesce(sightings.last_seen_at, customer_seeds.first_seen_at) as last_seen_at,
        order_totals.first_ordered_at,
        order_totals.last_ordered_at,
        consent_states.email_marketing_stated_at,
        consent_states.sms_marketing_stated_at,
        consent_states.ads_sharing_stated_at,
        consent_states.sale_stated_at,
        consent_states.profiling_stated_at,
        consent_states.gpc_seen_at,
        carts.last_cart_at,
        sightings.last_engaged_at,
        as_of.as_of_at
    from customer_seeds
    cross join as_of
    inner join consent_states
        on customer_seeds.customer_id = consent_states.customer_id
    inner join households
        on customer_seeds.customer_id = households.customer_id
    left join contacts
        on customer_seeds.customer_id = contacts.customer_id
    left join names_and_places
        on customer_seeds.customer_id = names_and_places.customer_id
    left join order_totals
        on customer_seeds.customer_id = order_totals.customer_id
    left join carts
        on customer_seeds.customer_id = carts.customer_id
    left join list_members
        on customer_seeds.customer_id = list_members.customer_id
    left join sightings
        on customer_seeds.customer_id = sightings.customer_id
    left join acquisitions
        on customer_seeds.customer_id = acquisitions.customer_id
),

final as (
    select
        customer_id,
        household_id,
        email,
        phone_number,
        first_name,
        last_name,
        city,
        region,
        zip,
        country_code,
        case
            when is_california then 'US-CA'
            when country_code = 'US' and region is not null then 'US-' || upper(region)
            else country_code
        end as jurisdiction,
        acquisition_channel,
        acquisition_campaign_id,
        acquisition_ad_id,
        acquisition_sku,
        acquisition_discount_codes,
        email_marketing_state,
        email_marketing_source,
        sms_marketing_state,
        sms_marketing_source,
        ads_sharing_state,
        ads_sharing_source,
        sale_state,
        sale_source,
        profiling_state,
        profiling_source,
        list_state,
        weakest_strength,
        source_record_count,
        identifier_count,
        cast(household_member_count as {{ dbt.type_bigint() }}) as household_member_count,
        cast(order_count as {{ dbt.type_bigint() }}) as order_count,
        cast(order_count_365d as {{ dbt.type_bigint() }}) as order_count_365d,
        cast(discounted_order_count as {{ dbt.type_bigint() }}) as discounted_order_count,
        cast(net_sales_amount as decimal(18, 4)) as net_sales_amount,
        cast(net_sales_365d_amount as decimal(18, 4)) as net_sales_365d_amount,
        cast(cm1_amount as decimal(18, 4)) as cm1_amount,
        cast(cm2_amount as decimal(18, 4)) as cm2_amount,
        cast(cm2_365d_amount as decimal(18, 4)) as cm2_365d_amount,
        cast(cm2_90d_amount as decimal(18, 4)) as cm2_90d_amount,
        cast(average_order_value_amount as decimal(18, 4)) as average_order_value_amount,
        last_cart_value_amount,
        cast(return_ratio as decimal(18, 4)) as return_ratio,
        cast(discount_share_ratio as decimal(18, 4)) as discount_share_ratio,
        days_since_last_order,
        median_order_gap_days,
        cast(days_since_last_order / nullif(median_order_gap_days, 0) as decimal(18, 4))
            as overdue_ratio,
        is_email_verified,
        is_california,
        is_minor,
        is_deletion_requested,
        is_email_suppressed,
        is_sms_suppressed,
        is_ads_suppressed,
        has_open_review,
        first_seen_at,
        last_seen_at,
        first_ordered_at,
        last_ordered_at,
        last_cart_at,
        last_engaged_at,
        email_marketing_stated_at,
        sms_marketing_stated_at,
        ads_sharing_stated_at,
        sale_stated_at,
        profiling_stated_at,
        gpc_seen_at,
        as_of_at
    from gathered
)

select * from final
