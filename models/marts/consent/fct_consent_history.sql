{# A customer's state at any moment follows from how many of her identifiers say no and how many
   say yes then; a no that she inherited counts like one more identifier. Each state adds 1 where
   it begins and takes 1 away where it ends. #}

with

identifier_states as (
    select * from {{ ref('int_consent_by_subject') }}
    where customer_id is not null
),

beginnings as (
    select
        customer_id,
        purpose,
        channel,
        consent_state,
        consent_event_id,
        consent_source,
        proof,
        jurisdiction,
        learned_at,
        valid_from as changed_at,
        row_number() over (
            partition by customer_id, purpose, channel, consent_state, valid_from
            order by consent_event_id, subject_type, subject_value
        ) as place
    from identifier_states
),

steps as (
    select
        customer_id,
        purpose,
        channel,
        valid_from as changed_at,
        case when consent_state = 'opted_out' then 1 else 0 end as opted_out_step,
        case when consent_state = 'opted_in' then 1 else 0 end as opted_in_step
    from identifier_states
    union all
    select
        customer_id,
        purpose,
        channel,
        valid_to as changed_at,
        case when consent_state = 'opted_out' then -1 else 0 end as opted_out_step,
        case when consent_state = 'opted_in' then -1 else 0 end as opted_in_step
    from identifier_states
    where valid_to is not null
),

moments as (
    select
        customer_id,
        purpose,
        channel,
        changed_at,
        sum(opted_out_step) as opted_out_step,
        sum(opted_in_step) as opted_in_step
    from steps
    group by customer_id, purpose, channel, changed_at
),

counted as (
    select
        customer_id,
        purpose,
        channel,
        changed_at,
        sum(opted_out_step) over (
            partition by customer_id, purpose, channel
            order by changed_at
            rows between unbounded preceding and current row
        ) as opted_out_count,
        sum(opted_in_step) over (
            partition by customer_id, purpose, channel
            order by changed_at
            rows between unbounded preceding and current row
        ) as opted_in_count
    from moments
),

stated as (
    select
        customer_id,
        purpose,
        channel,
        changed_at,
        case
            when opted_out_count > 0 then 'opted_out'
            when opted_in_count > 0 then 'opted_in'
            else 'unknown'
        end as consent_state
    from counted
),

compared as (
    select
        *,
        lag(consent_state) over (
            partition by customer_id, purpose, channel
            order by changed_at
        ) as previous_state
    from stated
),

changes as (
    select * from compared
    where previous_state is null or previous_state <> consent_state
),

final as (
    select
        changes.customer_id,
        beginnings.consent_event_id,
        changes.purpose,
        changes.channel,
        changes.consent_state,
        beginnings.consent_source,
        beginnings.proof,
        beginnings.jurisdiction,
        beginnings.learned_at,
        changes.changed_at as valid_from,
        lead(changes.changed_at) over (
            partition by changes.customer_id, changes.purpose, changes.channel
            order by changes.changed_at
        ) as valid_to
    from changes
    inner join beginnings
        on changes.customer_id = beginnings.customer_id
        and changes.purpose = beginnings.purpose
        and changes.channel = beginnings.channel
        and changes.consent_state = beginnings.consent_state
        and changes.changed_at = beginnings.changed_at
        and beginnings.place = 1
)

select * from final
