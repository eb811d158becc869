{# Complaints that the e-mail tool hears of are not the provider's own rate, which is higher where
   mail in the spam folder is not counted. The state is of three days with at least the fewest
   mails; the bounds are Wilson's, 90 % between them. #}

with

events as (
    select
        events.*,
        {{ shop_date('events.occurred_at') }} as event_date
    from {{ ref('int_email_events') }} as events
    cross join {{ ref('int_as_of') }} as as_of
    where events.occurred_at <= as_of.as_of_at
),

profiles as (
    select
        profile_id,
        domain_group
    from {{ ref('int_list_profiles') }}
),

rules as (
    select * from {{ ref('int_list_rules') }}
),

daily as (
    select
        profiles.domain_group,
        events.sending_domain,
        events.event_date,
        sum(case when events.event_kind = 'received' then 1 else 0 end) as delivered_count,
        sum(case when events.event_kind = 'hard_bounce' then 1 else 0 end) as hard_bounced_count,
        sum(case when events.event_kind = 'soft_bounce' then 1 else 0 end) as soft_bounced_count,
        sum(case when events.event_kind = 'complaint' then 1 else 0 end) as complained_count,
        sum(case when events.event_kind = 'unsubscribe' then 1 else 0 end) as unsubscribed_count,
        sum(case when events.event_kind = 'open' and not events.is_machine_open then 1 else 0 end)
            as human_open_count,
        sum(case when events.event_kind = 'click' and not events.is_bot_click then 1 else 0 end)
            as human_click_count
    from events
    inner join profiles
        on events.profile_id = profiles.profile_id
    group by profiles.domain_group, events.sending_domain, events.event_date
),

{# Days with no mail are no rows, so the three days are counted by date. #}
windows as (
    select
        today.domain_group,
        today.sending_domain,
        today.event_date,
        sum(days.delivered_count) as window_delivered_count,
        sum(days.complained_count) as window_complained_count,
        sum(days.hard_bounced_count) as window_hard_bounced_count,
        max(
            case
                when days.delivered_count >= rules.gate_delivered_minimum
                    and cast(days.complained_count as {{ type_double() }}) / days.delivered_count
                    >= cast(rules.spam_stop_ratio as {{ type_double() }})
                    then 1
                else 0
            end
        ) as stop_day_count
    from daily as today
    cross join rules
    inner join daily as days
        on today.domain_group = days.domain_group
        and today.sending_domain = days.sending_domain
        and {{ dbt.datediff('days.event_date', 'today.event_date', 'day') }} between 0 and 2
    group by today.domain_group, today.sending_domain, today.event_date
),

rated as (
    select
        daily.*,
        windows.window_delivered_count,
        windows.window_complained_count,
        windows.stop_day_count,
        windows.window_delivered_count >= rules.gate_delivered_minimum as is_judged,
        cast(
            cast(windows.window_complained_count as {{ type_double() }})
            / nullif(windows.window_delivered_count, 0) as decimal(12, 9)
        ) as window_complaint_ratio,
        cast(
            cast(windows.window_hard_bounced_count as {{ type_double() }}) / nullif(
                windows.window_delivered_count + windows.window_hard_bounced_count, 0
            ) as decimal(9, 6)
        ) as window_hard_bounce_ratio,
        rules.spam_amber_ratio,
        rules.spam_red_ratio,
        rules.spam_stop_ratio,
        rules.bounce_watch_ratio,
        rules.bounce_stop_ratio
    from daily
    cross join rules
    inner join windows
        on daily.domain_group = windows.domain_group
        and daily.sending_domain = windows.sending_domain
        and daily.event_date = windows.event_date
),

judged as (
    select
        *,
        case
            when not is_judged then 'TOO_FEW'
            when stop_day_count > 0 or window_complaint_ratio >= spam_stop_ratio then 'STOP'
            when window_complaint_ratio >= spam_red_ratio then 'RED'
            when window_complaint_ratio >= spam_amber_ratio then 'AMBER'
            else 'GREEN'
        end as gate,
        case
            when not is_judged then 'too few'
            when window_hard_bounce_ratio > bounce_stop_ratio then 'stop'
            when window_hard_bounce_ratio >= bounce_watch_ratio then 'watch'
            else 'ok'
        end as bounce_state
    from rated
),

final as (
    select
        domain_group,
        sending_domain,
        gate,
        bounce_state,
        case
            when gate in ('RED', 'STOP') or bounce_state = 'stop'
                then 'write to engaged of 30 days only'
            when gate = 'AMBER' or bounce_state = 'watch' then 'watch'
            else 'none'
        end as proposed_action,
        'pending' as approval_status,
        'complaints of the e-mail tool' as evidence,
        cast(delivered_count as {{ dbt.type_bigint() }}) as delivered_count,
        cast(hard_bounced_count as {{ dbt.type_bigint() }}) as hard_bounced_count,
        cast(soft_bounced_count as {{ dbt.type_bigint() }}) as soft_bounced_count,
        cast(complained_count as {{ dbt.type_bigint() }}) as complained_count,
        cast(unsubscribed_count as {{ dbt.type_bigint() }}) as unsubscribed_count,
        cast(human_open_count as {{ dbt.type_bigint() }}) as human_open_count,
        cast(human_click_count as {{ dbt.type_bigint() }}) as human_click_count,
        cast(window_delivered_count as {{ dbt.type_bigint() }}) as window_delivered_count,
        cast(window_complained_count as {{ dbt.type_bigint() }}) as window_complained_count,
        cast(
            cast(delivered_count as {{ type_double() }}) / nullif(
                delivered_count + hard_bounced_count + soft_bounced_count, 0
            ) as decimal(9, 6)
        ) as delivered_ratio,
        window_hard_bounce_ratio,
        cast(window_complaint_ratio as decimal(9, 6)) as window_complaint_ratio,
        case when window_delivered_count > 0 then
            {{ wilson_bound('window_complained_count', 'window_delivered_count', 1.644854, -1) }}
        end as window_complaint_low_ratio,
        case when window_delivered_count > 0 then
            {{ wilson_bound('window_complained_count', 'window_delivered_count', 1.644854, 1) }}
        end as window_complaint_high_ratio,
        cast(
            cast(human_click_count as {{ type_double() }})
            / nullif(delivered_count, 0) as decimal(9, 6)
        ) as human_click_ratio,
        event_date as mail_date
    from judged
)

select * from final
