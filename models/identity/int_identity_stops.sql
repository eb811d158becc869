-- Every candidate that a guard stops, once per guard.
with

candidates as (
    select * from {{ ref('int_identity_candidates') }}
),

groups as (
    select * from {{ ref('int_identity_groups') }}
),

exclusions as (
    select * from {{ ref('int_identity_exclusions') }}
),

placed as (
    select
        candidates.*,
        left_groups.weak_group as left_weak_group,
        right_groups.weak_group as right_weak_group,
        left_groups.whole_group,
        left_groups.node_key as left_record,
        right_groups.node_key as right_record,
        left_groups.proven_part as left_proven_part,
        right_groups.proven_part as right_proven_part,
        left_groups.strong_part as left_strong_part,
        right_groups.strong_part as right_strong_part,
        left_groups.person_name as left_person_name,
        right_groups.person_name as right_person_name,
        left_groups.part_identifier_count,
        left_groups.part_email_count,
        left_groups.group_identifier_count,
        left_groups.group_email_count,
        left_groups.is_part_over_size,
        left_groups.is_group_over_size,
        left_groups.has_conflict
    from candidates
    inner join groups as left_groups on candidates.left_node = left_groups.node_key
    inner join groups as right_groups on candidates.right_node = right_groups.node_key
),

size_stops as (
    select
        'component_size' as guard,
        cast(placed.group_email_count as {{ dbt.type_string() }}) || ' e-mails and '
        || cast(placed.group_identifier_count as {{ dbt.type_string() }})
        || ' identifiers in one group' as reason,
        placed.*
    from placed
    where
        (placed.strength = 'S2' and placed.is_part_over_size)
        or (placed.strength in ('S3', 'S4') and placed.is_group_over_size)
),

-- Where verified people conflict, a weak link holds only between parts of one same name.
conflict_stops as (
    select
        'conflict_veto' as guard,
        'verified people of different first names' as reason,
        placed.*
    from placed
    where
        placed.strength in ('S3', 'S4')
        and placed.has_conflict
        and coalesce(placed.left_person_name <> placed.right_person_name, true)
),

-- A later link by hand stands against an earlier "is not".
hand_stops as (
    select
        'by_hand' as guard,
        'taken apart by hand: ' || coalesce(exclusions.reason, '') as reason,
        placed.*
    from placed
    inner join exclusions
        on placed.whole_group = exclusions.whole_group
        and (placed.strength <> 'S0' or placed.linked_at < exclusions.instructed_at)
        and case exclusions.leaving_kind
            when 'record'
                then
                    (placed.left_record = exclusions.leaving_key)
                    <> (placed.right_record = exclusions.leaving_key)
            when 'proven_part'
                then
                    (placed.left_proven_part = exclusions.leaving_key)
                    <> (placed.right_proven_part = exclusions.leaving_key)
            when 'strong_part'
                then
                    (placed.left_strong_part = exclusions.leaving_key)
                    <> (placed.right_strong_part = exclusions.leaving_key)
            else
                (placed.left_weak_group = exclusions.leaving_key)
                <> (placed.right_weak_group = exclusions.leaving_key)
        end
),

stops as (
    select * from size_stops
    union all
    select * from conflict_stops
    union all
    select * from hand_stops
),

final as (
    select
        guard,
        left_node,
        right_node,
        rule,
        identifier_type,
        identifier_scope,
        identifier_value,
        strength,
        min(reason) as reason,
        min(linked_at) as linked_at
    from stops
    group by
        guard,
        left_node,
        right_node,
        rule,
        identifier_type,
        identifier_scope,
        identifier_value,
        strength
)

select * from final
