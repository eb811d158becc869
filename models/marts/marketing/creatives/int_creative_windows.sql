{{ config(access='private') }}

{# The newest seven days of each ad on each day that it was shown, beside its own third to ninth,
   and its account's clicks in the same days of either. #}

with

ad_days as (
    select
        channel,
        ad_id,
        sum(impression_count) as impression_count,
        sum(link_click_count) as link_click_count,
        sum(spend_amount) as spend_amount,
        sum(credited_order_count) as credited_order_count,
        margin_date as shown_date
    from {{ ref('fct_ad_margin_daily') }}
    where ad_id <> 'unknown'
    group by channel, ad_id, margin_date
),

account_days as (
    select
        channel,
        sum(impression_count) as impression_count,
        sum(link_click_count) as link_click_count,
        shown_date
    from ad_days
    group by channel, shown_date
),

first_days as (
    select
        channel,
        ad_id,
        min(shown_date) as first_shown_date
    from ad_days
    where impression_count > 0
    group by channel, ad_id
),

bases as (
    select
        first_days.channel,
        first_days.ad_id,
        sum(ad_days.impression_count) as base_impression_count,
        sum(ad_days.link_click_count) as base_link_click_count
    from first_days
    inner join ad_days
        on first_days.channel = ad_days.channel
        and first_days.ad_id = ad_days.ad_id
        and {{ days_of_life('first_days', 'ad_days.shown_date', 3, 9) }}
    group by first_days.channel, first_days.ad_id
),

account_bases as (
    select
        first_days.channel,
        first_days.ad_id,
        sum(account_days.impression_count) as base_impression_count,
        sum(account_days.link_click_count) as base_link_click_count
    from first_days
    inner join account_days
        on first_days.channel = account_days.channel
        and {{ days_of_life('first_days', 'account_days.shown_date', 3, 9) }}
    group by first_days.channel, first_days.ad_id
),

{# From the sixteenth day on: before, the newest seven days would hold days of the base. #}
windows as (
    select
        ad_days.channel,
        ad_days.ad_id,
        first_days.first_shown_date,
        ad_days.shown_date as window_to_date
    from ad_days
    inner join first_days
        on ad_days.channel = first_days.channel
        and ad_days.ad_id = first_days.ad_id
        and {{ dbt.datediff('first_days.first_shown_date', 'ad_days.shown_date', 'day') }} >= 15
    where ad_days.impression_count > 0
),

recent_days as (
    select
        windows.channel,
        windows.ad_id,
        windows.window_to_date,
        sum(ad_days.impression_count) as impression_count,
        sum(ad_days.link_click_count) as link_click_count,
        sum(ad_days.spend_amount) as spend_amount,
        sum(ad_days.credited_order_count) as credited_order_count
    from windows
    inner join ad_days
        on windows.channel = ad_days.channel
        and windows.ad_id = ad_days.ad_id
        and {{ seven_days_to('windows.window_to_date', 'ad_days.shown_date') }}
    group by windows.channel, windows.ad_id, windows.window_to_date
),

account_recent_days as (
    select
        account_days.channel,
        account_days.shown_date as window_to_date,
        sum(earlier_days.impression_count) as impression_count,
        sum(earlier_days.link_click_count) as link_click_count
    from account_days
    inner join account_days as earlier_days
        on account_days.channel = earlier_days.channel
        and {{ seven_days_to('account_days.shown_date', 'earlier_days.shown_date') }}
    group by account_days.channel, account_days.shown_date
),

final as (
    select
        windows.channel,
        windows.ad_id,
        recent_days.impression_count,
        recent_days.link_click_count,
        coalesce(bases.base_impression_count, 0) as base_impression_count,
        coalesce(bases.base_link_click_count, 0) as base_link_click_count,
        account_recent_days.impression_count as account_impression_count,
        account_recent_days.link_click_count as account_link_click_count,
        coalesce(account_bases.base_impression_count, 0) as account_base_impression_count,
        coalesce(account_bases.base_link_click_count, 0) as account_base_link_click_count,
        recent_days.spend_amount,
        recent_days.credited_order_count,
        windows.window_to_date
    from windows
    inner join recent_days
        on windows.channel = recent_days.channel
        and windows.ad_id = recent_days.ad_id
        and windows.window_to_date = recent_days.window_to_date
    inner join account_recent_days
        on windows.channel = account_recent_days.channel
        and windows.window_to_date = account_recent_days.window_to_date
    left join bases
        on windows.channel = bases.channel
        and windows.ad_id = bases.ad_id
    left join account_bases
        on windows.channel = account_bases.channel
        and windows.ad_id = account_bases.ad_id
)

select * from final
