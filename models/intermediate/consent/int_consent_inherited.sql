{# What a split leaves behind: whoever was one customer with somebody who had said no keeps that
   no, until she says yes herself. Rights that never lapse are kept for good. Who inherits may
   merge and part again, so what was inherited is handed on; three partings are followed. #}

with

partings as (
    select * from {{ ref('int_consent_partings') }}
),

identifier_states as (
    select * from {{ ref('int_consent_by_identifier') }}
    where customer_id is not null and consent_state = 'opted_out'
),

events as (
    select * from {{ ref('int_consent_events') }}
    where customer_id is not null
),

heirs as (
    select * from partings
    where is_heir
),

later_opt_ins as (
    select
        heirs.merged_customer_id,
        heirs.parted_at,
        'opt_out' as inheritance,
        events.*,
        row_number() over (
            partition by
                heirs.merged_customer_id,
                heirs.customer_id,
                heirs.parted_at,
                events.purpose,
                events.channel
            order by events.occurred_at, events.consent_event_id
        ) as place
    from heirs
    inner join events
        on heirs.customer_id = events.customer_id
        and heirs.parted_at < events.occurred_at
    where
        events.consent_state = 'opted_in'
        and events.is_explicit
        and events.subject_value is not null
),

lifts as (
    select * from later_opt_ins
    where place = 1
),

standing_0 as (
    select
        customer_id,
        consent_event_id,
        purpose,
        channel,
        'opt_out' as inheritance,
        valid_from,
        valid_to
    from identifier_states
    union all
    select
        customer_id,
        consent_event_id,
        purpose,
        channel,
        fact as inheritance,
        occurred_at as valid_from,
        cast(null as {{ dbt.type_timestamp() }}) as valid_to
    from events
    where fact in ('deletion', 'minor', 'gpc')
),

{% for parting in [1, 2, 3] -%}
    standing_{{ parting }} as (
        select
            heirs.customer_id,
            min(standing.consent_event_id) as consent_event_id,
            standing.purpose,
            standing.channel,
            standing.inheritance,
            heirs.parted_at as valid_from,
            min(lifts.occurred_at) as valid_to,
            min(lifts.consent_event_id) as lifting_event_id
        from standing_{{ parting - 1 }} as standing
        inner join partings
            on standing.customer_id = partings.customer_id
            and standing.valid_from <= partings.parted_at
            and (standing.valid_to is null or standing.valid_to > partings.parted_at)
        inner join heirs
            on partings.merged_customer_id = heirs.merged_customer_id
            and partings.parted_at = heirs.parted_at
        left join lifts
            on heirs.merged_customer_id = lifts.merged_customer_id
            and heirs.customer_id = lifts.customer_id
            and heirs.parted_at = lifts.parted_at
            and standing.purpose = lifts.purpose
            and standing.channel = lifts.channel
            and standing.inheritance = lifts.inheritance
        group by
            heirs.customer_id,
            standing.purpose,
            standing.channel,
            standing.inheritance,
            heirs.parted_at
    ),

{% endfor -%}
handed_on as (
    select * from standing_1
    union all
    select * from standing_2
    union all
    select * from standing_3
),

{# One row per parting: its end does not differ by the way on which the no came. #}
final as (
    select
        customer_id,
        'customer_id' as subject_type,
        customer_id as subject_value,
        {{ concat_text(["'inherited_by_merge'", 'min(consent_event_id)'], '|') }}
            as consent_event_id,
        min(lifting_event_id) as lifting_event_id,
        purpose,
        channel,
        'opted_out' as consent_state,
        inheritance,
        'inherited_by_merge' as consent_source,
        min(consent_event_id) as proof,
        cast(null as {{ dbt.type_string() }}) as jurisdiction,
        false as is_explicit,
        cast(null as {{ dbt.type_timestamp() }}) as learned_at,
        valid_from,
        min(valid_to) as valid_to
    from handed_on
    group by customer_id, purpose, channel, inheritance, valid_from
)

select * from final
