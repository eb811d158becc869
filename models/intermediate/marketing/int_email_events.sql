{# What became of e-mails. A click is a machine's where it comes sooner than a person can read,
   where all links of the mail are opened at once, or where the client is a known scanner. An event
   that names no mail belongs to the newest one that the profile got before it. #}

{%- set names = {
    'received email': 'received', 'opened email': 'open', 'clicked email': 'click',
    'unsubscribed': 'unsubscribe', 'unsubscribed from email marketing': 'unsubscribe',
    'marked email as spam': 'complaint', 'bounced email': 'bounce'
} %}

with

metrics as (
    select
        source_relation,
        klaviyo_metric_id,
        lower(metric_name) as metric_name
    from {{ ref('stg_klaviyo__metrics') }}
),

events as (
    select * from {{ ref('stg_klaviyo__events') }}
),

campaigns as (
    select
        source_relation,
        klaviyo_campaign_id,
        lower({{ dbt.split_part('sender_address', "'@'", 2) }}) as sending_domain
    from {{ ref('stg_klaviyo__campaigns') }}
),

scanners as (
    select * from {{ ref('mail_scanners') }}
),

rules as (
    select * from {{ ref('int_list_rules') }}
),

flows as (
    select
        flows.source_relation,
        flows.klaviyo_flow_id,
        roles.flow_role
    from {{ ref('stg_klaviyo__flows') }} as flows
    inner join {{ ref('list_flow_roles') }} as roles
        on lower(trim(flows.flow_name)) = roles.flow_name
),

scanner_clients as (
    select
        events.source_relation,
        events.mail_client_name
    from events
    inner join scanners
        on lower(events.mail_client_name) like '%' || scanners.client_name_part || '%'
    group by events.source_relation, events.mail_client_name
),

named as (
    select
        events.source_relation || ':' || events.klaviyo_event_id as email_event_id,
        events.source_relation || ':' || events.klaviyo_profile_id as profile_id,
        events.source_relation || ':' || coalesce(
            'campaign:' || events.klaviyo_campaign_id, 'flow:' || events.klaviyo_flow_id
        ) as message_id,
        case
            {%- for name, kind in names.items() if kind != 'bounce' %}
            when metrics.metric_name = '{{ name }}' then '{{ kind }}'
            {%- endfor %}
            when lower(events.bounce_type) = 'hard' then 'hard_bounce'
            else 'soft_bounce'
        end as event_kind,
        flows.flow_role,
        campaigns.sending_domain,
        coalesce(events.clicked_url, '') as clicked_url,
        events.is_machine_open,
        scanner_clients.mail_client_name is not null as is_scanner,
        events.occurred_at
    from events
    inner join metrics
        on events.source_relation = metrics.source_relation
        and events.klaviyo_metric_id = metrics.klaviyo_metric_id
    left join campaigns
        on events.source_relation = campaigns.source_relation
        and events.klaviyo_campaign_id = campaigns.klaviyo_campaign_id
    left join flows
        on events.source_relation = flows.source_relation
        and events.klaviyo_flow_id = flows.klaviyo_flow_id
    left join scanner_clients
        on events.source_relation = scanner_clients.source_relation
        and events.mail_client_name = scanner_clients.mail_client_name
    where
        metrics.metric_name in (
            {%- for name in names %}'{{ name }}'{{ ', ' if not loop.last }}{% endfor -%}
        )
),

numbered as (
    select
        *,
        sum(case when event_kind = 'received' then 1 else 0 end) over (
            partition by profile_id
            order by
                occurred_at,
                case when event_kind = 'received' then 0 else 1 end,
                email_event_id
            rows between unbounded preceding and current row
        ) as mail_number,
        max(case when event_kind = 'received' then occurred_at end) over (
            partition by profile_id, message_id
            order by
                occurred_at,
                case when event_kind = 'received' then 0 else 1 end,
                email_event_id
            rows between unbounded preceding and current row
        ) as received_at
    from named
),

mails as (
    select
        profile_id,
        mail_number,
        message_id,
        sending_domain
    from numbered
    where event_kind = 'received'
),

message_links as (
    select
        message_id,
        count(distinct clicked_url) as link_count
    from named
    where event_kind = 'click'
    group by message_id
),

first_clicks as (
    select
        profile_id,
        message_id,
        received_at,
        min(occurred_at) as first_clicked_at
    from numbered
    where event_kind = 'click' and received_at is not null
    group by profile_id, message_id, received_at
),

bursts as (
    select
        first_clicks.profile_id,
        first_clicks.message_id,
        first_clicks.received_at,
        min(first_clicks.first_clicked_at) as first_clicked_at
    from first_clicks
    cross join rules
    inner join message_links
        on first_clicks.message_id = message_links.message_id
        and message_links.link_count > 1
    inner join numbered
        on first_clicks.profile_id = numbered.profile_id
        and first_clicks.message_id = numbered.message_id
        and first_clicks.received_at = numbered.received_at
        and numbered.event_kind = 'click'
        and {{ dbt.datediff('first_clicks.first_clicked_at', 'numbered.occurred_at', 'second') }}
        <= rules.all_links_seconds
    group by first_clicks.profile_id, first_clicks.message_id, first_clicks.received_at
    having count(distinct numbered.clicked_url) = min(message_links.link_count)
),

final as (
    select
        numbered.email_event_id,
        numbered.profile_id,
        coalesce(numbered.message_id, mails.message_id) as message_id,
        numbered.event_kind,
        numbered.flow_role,
        coalesce(numbered.sending_domain, mails.sending_domain, 'unspecified') as sending_domain,
        numbered.event_kind = 'open' and numbered.is_machine_open as is_machine_open,
        numbered.event_kind = 'click' and (
            numbered.is_scanner
            or coalesce(
                {{ dbt.datediff('bursts.first_clicked_at', 'numbered.occurred_at', 'second') }}
                <= rules.all_links_seconds, false
            )
            or (
                numbered.received_at is not null
                and {{ dbt.datediff('numbered.received_at', 'numbered.occurred_at', 'second') }}
                < rules.scanner_delay_seconds
            )
        ) as is_bot_click,
        numbered.occurred_at
    from numbered
    cross join rules
    left join mails
        on numbered.profile_id = mails.profile_id
        and numbered.mail_number = mails.mail_number
    left join bursts
        on numbered.profile_id = bursts.profile_id
        and numbered.message_id = bursts.message_id
        and numbered.received_at = bursts.received_at
)

select * from final
