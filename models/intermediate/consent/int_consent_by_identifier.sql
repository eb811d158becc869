with

events as (
    select
        consent_event_id,
        coalesce(customer_id, '') as customer_key,
        subject_type,
        subject_value,
        purpose,
        channel,
        consent_state,
        consent_source,
        proof,
        jurisdiction,
        is_explicit,
        occurred_at,
        learned_at
    from {{ ref('int_consent_events') }}
    where consent_state in ('opted_in', 'opted_out') and subject_value is not null
),

{# Both maxima include every event of the same moment, so an opt-out wins a tie. #}
remembered as (
    select
        *,
        max(case when consent_state = 'opted_out' then occurred_at end) over (
            partition by subject_type, subject_value, customer_key, purpose, channel
            order by occurred_at
            range between unbounded preceding and current row
        ) as last_opted_out_at,
        max(case when consent_state = 'opted_in' and is_explicit then occurred_at end) over (
            partition by subject_type, subject_value, customer_key, purpose, channel
            order by occurred_at
            range between unbounded preceding and current row
        ) as last_explicit_opt_in_at,
        row_number() over (
            partition by subject_type, subject_value, customer_key, purpose, channel, occurred_at
            order by
                case when consent_state = 'opted_out' then 1 when is_explicit then 2 else 3 end,
                consent_event_id
        ) as place
    from events
),

settled as (
    select
        *,
        case
            when last_opted_out_at is null then 'opted_in'
            when last_explicit_opt_in_at > last_opted_out_at then 'opted_in'
            else 'opted_out'
        end as settled_state
    from remembered
    where place = 1
),

compared as (
    select
        *,
        lag(settled_state) over (
            partition by subject_type, subject_value, customer_key, purpose, channel
            order by occurred_at
        ) as previous_state
    from settled
),

changes as (
    select * from compared
    where previous_state is null or previous_state <> settled_state
),

final as (
    select
        nullif(customer_key, '') as customer_id,
        subject_type,
        subject_value,
        purpose,
        channel,
        settled_state as consent_state,
        consent_event_id,
        consent_source,
        proof,
        jurisdiction,
        learned_at,
        occurred_at as valid_from,
        lead(occurred_at) over (
            partition by subject_type, subject_value, customer_key, purpose, channel
            order by occurred_at
        ) as valid_to
    from changes
)

select * from final
