{# Only what a destination accepted moves a membership: a rejected or doubtful answer leaves it as it
   was. A change of identifiers is no exit, the person stays. #}

with

deliveries as (
    select * from {{ ref('fct_deliveries') }}
    where kind = 'membership' and is_accepted
),

consent_history as (
    select
        customer_id,
        purpose,
        channel,
        valid_from,
        valid_to
    from {{ ref('fct_consent_history') }}
    where consent_state = 'opted_out' and purpose in ('marketing', 'ads_sharing')
),

suppressions as (
    select
        subject_value as customer_id,
        channel,
        min(suppressed_at) as suppressed_at
    from {{ ref('fct_suppressions') }}
    where subject_type = 'customer_id'
    group by subject_value, channel
),

merges as (
    select
        old_customer_id,
        valid_from,
        valid_to
    from {{ ref('customer_id_history') }}
    where old_customer_id <> customer_id
),

segments as (
    select segment from {{ ref('segments') }}
),

versions as (
    select
        segment,
        rule_version,
        valid_from,
        lead(valid_from) over (partition by segment order by valid_from) as valid_to
    from {{ ref('segment_versions') }}
),

states as (
    select
        *,
        case when operation = 'remove' then 0 else 1 end as member_count,
        lag(case when operation = 'remove' then 0 else 1 end, 1, 0) over (
            partition by destination, object_name, customer_id order by delivery_id
        ) as earlier_member_count
    from deliveries
),

turns as (
    select
        *,
        sum(member_count) over (
            partition by destination, object_name, customer_id
            order by delivery_id
            rows between unbounded preceding and current row
        ) as stay_number
    from states
    where member_count <> earlier_member_count
),

stays as (
    select
        destination,
        object_name,
        channel,
        customer_id,
        stay_number,
        min(case when member_count = 1 then delivery_id end) as entry_delivery_id,
        min(case when member_count = 0 then delivery_id end) as exit_delivery_id,
        min(case when member_count = 1 then verdict end) as entry_verdict,
        min(case when member_count = 0 then verdict end) as exit_verdict,
        min(case when member_count = 1 then received_at end) as entered_at,
        min(case when member_count = 0 then received_at end) as exited_at
    from turns
    group by destination, object_name, channel, customer_id, stay_number
),

{# Why she had to go, as far as it held when she went. #}
exits as (
    select
        stays.entry_delivery_id,
        max(case when merges.old_customer_id is not null then 1 else 0 end) as merge_count,
        max(
            case
                when
                    consent_history.customer_id is not null or suppressions.customer_id is not null
                    then 1
                else 0
            end
        ) as suppression_count
    from stays
    left join merges
        on stays.customer_id = merges.old_customer_id
        and stays.exited_at >= merges.valid_from
        and (merges.valid_to is null or stays.exited_at < merges.valid_to)
    left join consent_history
        on stays.customer_id = consent_history.customer_id
        and stays.channel = consent_history.channel
        and stays.exited_at >= consent_history.valid_from
        and (consent_history.valid_to is null or stays.exited_at < consent_history.valid_to)
    left join suppressions
        on stays.customer_id = suppressions.customer_id
        and stays.channel = suppressions.channel
        and stays.exited_at >= suppressions.suppressed_at
    where stays.exited_at is not null
    group by stays.entry_delivery_id
),

{# An object is named after its segment, and so is the list of whom it holds back. #}
named as (
    select
        *,
        replace({{ dbt.split_part('object_name', "'/'", 2) }}, 'held_back_', '') as object_segment,
        {{ dbt.split_part('object_name', "'/'", 2) }} like 'held_back_%' as is_held_back
    from stays
),

final as (
    select
        stays.entry_delivery_id,
        stays.exit_delivery_id,
        stays.customer_id,
        stays.destination,
        stays.object_name,
        stays.channel,
        segments.segment,
        versions.rule_version,
        case when stays.stay_number = 1 then 'first_entry' else 'return' end as entry_reason,
        case
            when stays.exited_at is null then null
            when exits.suppression_count = 1 then 'suppressed'
            when exits.merge_count = 1 then 'merged'
            else 'left_audience'
        end as exit_reason,
        stays.is_held_back,
        stays.exited_at is null as is_current,
        stays.entry_verdict = 'accepted' as is_entry_confirmed,
        stays.exit_verdict = 'accepted' as is_exit_confirmed,
        stays.entered_at,
        stays.exited_at
    from named as stays
    left join exits
        on stays.entry_delivery_id = exits.entry_delivery_id
    left join segments
        on stays.object_segment = segments.segment
    left join versions
        on segments.segment = versions.segment
        and cast(stays.entered_at as date) >= versions.valid_from
        and (versions.valid_to is null or cast(stays.entered_at as date) < versions.valid_to)
)

select * from final
