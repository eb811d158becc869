{{ config(access='private') }}

{# What a person did, by profile: bought, clicked, visited, opened. What machines did is not
   hers. #}

with

profiles as (
    select * from {{ ref('int_list_profiles') }}
),

weights as (
    select * from {{ ref('engagement_weights') }}
),

as_of as (
    select * from {{ ref('int_as_of') }}
),

rules as (
    select * from {{ ref('int_list_rules') }}
),

events as (
    select * from {{ ref('int_email_events') }}
    where
        (event_kind = 'click' and not is_bot_click)
        or (event_kind = 'open' and not is_machine_open)
),

purchases as (
    select * from {{ ref('int_purchases') }}
),

sessions as (
    select * from {{ ref('fct_sessions') }}
    where customer_id is not null
),

signals as (
    select
        profile_id,
        event_kind as signal,
        occurred_at
    from events
    union all
    select
        profiles.profile_id,
        'order' as signal,
        purchases.ordered_at as occurred_at
    from profiles
    inner join purchases
        on profiles.customer_id = purchases.customer_id
    union all
    select
        profiles.profile_id,
        'visit' as signal,
        sessions.started_at as occurred_at
    from profiles
    inner join sessions
        on profiles.customer_id = sessions.customer_id
),

final as (
    select
        signals.profile_id,
        signals.signal,
        weights.signal_weight,
        weights.half_life_days,
        signals.occurred_at
    from signals
    cross join as_of
    cross join rules
    inner join weights
        on signals.signal = weights.signal
        and {{ holds_on('weights', 'rules.as_of_date') }}
    where signals.occurred_at <= as_of.as_of_at
)

select * from final
