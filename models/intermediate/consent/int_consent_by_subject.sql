{# What each identifier says, and what each customer inherited from a split, side by side. Where
   an inherited no ends, the yes that ended it begins, whatever her identifiers said before. #}

with

by_identifier as (
    select * from {{ ref('int_consent_by_identifier') }}
),

inherited as (
    select * from {{ ref('int_consent_inherited') }}
    where inheritance = 'opt_out'
),

{# A statement of several identifiers stands there once for each of them. #}
events as (
    select
        consent_event_id,
        purpose,
        channel,
        min(consent_state) as consent_state,
        min(consent_source) as consent_source,
        min(proof) as proof,
        min(jurisdiction) as jurisdiction,
        min(learned_at) as learned_at
    from {{ ref('int_consent_events') }}
    group by consent_event_id, purpose, channel
),

lifted as (
    select
        inherited.customer_id,
        inherited.subject_type,
        inherited.subject_value,
        inherited.purpose,
        inherited.channel,
        events.consent_state,
        events.consent_event_id,
        events.consent_source,
        events.proof,
        events.jurisdiction,
        events.learned_at,
        inherited.valid_to as valid_from,
        cast(null as {{ dbt.type_timestamp() }}) as valid_to
    from inherited
    inner join events
        on inherited.lifting_event_id = events.consent_event_id
        and inherited.purpose = events.purpose
        and inherited.channel = events.channel
),

final as (
    {%- for source in ['by_identifier', 'inherited', 'lifted'] %}
        select
            customer_id,
            subject_type,
            subject_value,
            purpose,
            channel,
            consent_state,
            consent_event_id,
            consent_source,
            proof,
            jurisdiction,
            learned_at,
            valid_from,
            valid_to
        from {{ source }}
        {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
