{{ config(access='private') }}

{# Who may be suppressed at all, and the first rule that keeps the others. A share of those who may
   is kept at random all the same, by digest, so that nobody chooses whom: what suppressing costs
   can only be measured beside them. #}

with

as_of as (
    select * from {{ ref('int_as_of') }}
),

rules as (
    select * from {{ ref('int_list_rules') }}
),

engagement as (
    select * from {{ ref('fct_profile_engagement') }}
    where is_billable
),

mails as (
    select
        events.profile_id,
        sum(case
            when {{ dbt.datediff('events.occurred_at', 'as_of.as_of_at', 'day') }}
                <= rules.sunset_mail_days
                then 1
            else 0
        end) as mail_count,
        max(case
            when events.flow_role = 'win_back'
                and {{ dbt.datediff('events.occurred_at', 'as_of.as_of_at', 'day') }}
                <= rules.win_back_days
                then 1
            else 0
        end) as win_back_count,
        sum(case when events.flow_role = 'sunset' then 1 else 0 end) as sunset_mail_count,
        min(case when events.flow_role = 'sunset' then events.occurred_at end) as sunset_started_at
    from {{ ref('int_email_events') }} as events
    cross join as_of
    cross join rules
    where events.event_kind = 'received' and events.occurred_at <= as_of.as_of_at
    group by events.profile_id
),

carts as (
    select * from {{ ref('int_customer_carts') }}
),

subscriptions as (
    select
        customer_id,
        count(*) as subscription_count
    from {{ ref('fct_subscriptions') }}
    where is_active and customer_id is not null
    group by customer_id
),

lifetime_values as (
    select
        customer_id,
        lifetime_value_amount,
        percent_rank() over (order by lifetime_value_amount) as lifetime_rank
    from {{ ref('fct_customer_lifetime_value') }}
),

lifts as (
    select
        source_relation || ':' || klaviyo_profile_id as profile_id,
        max(decided_at) as lifted_at
    from {{ ref('stg_lists__decisions') }}
    where decision = 'lift'
    group by source_relation, klaviyo_profile_id
),

checked as (
    select
        engagement.profile_id,
        engagement.customer_id,
        engagement.engagement_score,
        engagement.last_engaged_at,
        coalesce(mails.mail_count, 0) as mail_count,
        coalesce(mails.sunset_mail_count, 0) as sunset_mail_count,
        mails.sunset_started_at,
        case
            when {{ dbt.datediff('lifts.lifted_at', 'as_of.as_of_at', 'day') }}
                < rules.unsuppress_lock_days
                then 'locked after a lifted suppression'
            when {{ dbt.datediff('engagement.created_at', 'as_of.as_of_at', 'day') }}
                <= rules.sunset_age_days
                then 'too new'
            when coalesce(mails.mail_count, 0) < rules.sunset_mail_count then 'too few mails'
            when engagement.engagement_score >= rules.cooling_minimum_score then 'engaged'
            when {{ dbt.datediff('engagement.last_ordered_at', 'as_of.as_of_at', 'day') }}
                <= rules.sunset_order_days
                then 'ordered within the year'
            when {{ dbt.datediff('carts.last_cart_at', 'as_of.as_of_at', 'day') }}
                <= rules.sunset_cart_days
                and (
                    engagement.last_ordered_at is null
                    or engagement.last_ordered_at < carts.last_cart_at
                )
                then 'open cart'
            when subscriptions.subscription_count > 0 then 'active subscription'
            when lifetime_values.lifetime_rank >= 1 - rules.vip_top_ratio
                and lifetime_values.lifetime_value_amount > 0
                then 'among the dearest customers'
            when coalesce(mails.win_back_count, 0) > 0 then 'in the win-back flow'
        end as kept_by,
        case
            when mails.sunset_started_at is null then 'not begun'
            when mails.sunset_mail_count >= rules.sunset_flow_mails
                or {{ dbt.datediff('mails.sunset_started_at', 'as_of.as_of_at', 'day') }}
                >= rules.sunset_flow_days
                then 'over'
            else 'under way'
        end as sunset_flow_state,
        {{ is_in_random_share(
            md5_hex("engagement.profile_id || ':keep'"), var('list_keep_holdout_ratio')
        ) }} as is_holdout
    from engagement
    cross join as_of
    cross join rules
    left join mails
        on engagement.profile_id = mails.profile_id
    left join carts
        on engagement.customer_id = carts.customer_id
    left join subscriptions
        on engagement.customer_id = subscriptions.customer_id
    left join lifetime_values
        on engagement.customer_id = lifetime_values.customer_id
    left join lifts
        on engagement.profile_id = lifts.profile_id
),

final as (
    select
        profile_id,
        customer_id,
        kept_by,
        sunset_flow_state,
        engagement_score,
        mail_count,
        sunset_mail_count,
        is_holdout,
        last_engaged_at,
        sunset_started_at
    from checked
)

select * from final
