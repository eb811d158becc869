-- What the guards judge: per record the group that strong links make of it, the one that weak links
-- would make, with their sizes and whether verified people of different names meet there, and the
-- one that people's own links would make of these.
with

parts as (
    select * from {{ ref('int_identity_parts') }}
),

weak_components as (
    select * from {{ ref('int_identity_weak_components') }}
),

observations as (
    select * from {{ ref('int_identity_observations') }}
    where
        source_table <> 'web.anonymous_id'
        and identifier_type in ('shopify_customer_id', 'klaviyo_profile_id', 'email', 'phone')
),

identifiers as (
    select * from {{ ref('int_identity_identifiers') }}
    where verdict = 'link'
),

grouped as (
    select
        parts.node_key,
        parts.proven_part,
        parts.strong_part,
        parts.person_name,
        parts.has_verified_email,
        evidence.component as weak_group,
        everything.component as whole_group
    from parts
    inner join weak_components as evidence on 'evidence|' || parts.strong_part = evidence.node
    inner join weak_components as everything on 'all|' || parts.strong_part = everything.node
),

shown as (
    select
        grouped.strong_part,
        grouped.weak_group,
        observations.identifier_type,
        observations.identifier_scope,
        observations.identifier_value
    from grouped
    inner join observations on grouped.node_key = observations.node_key
    inner join identifiers
        on observations.identifier_type = identifiers.identifier_type
        and observations.identifier_scope = identifiers.identifier_scope
        and observations.identifier_value = identifiers.identifier_value
    group by
        grouped.strong_part,
        grouped.weak_group,
        observations.identifier_type,
        observations.identifier_scope,
        observations.identifier_value
),

part_sizes as (
    select
        strong_part,
        count(*) as identifier_count,
        sum(case when identifier_type = 'email' then 1 else 0 end) as email_count
    from shown
    group by strong_part
),

group_identifiers as (
    select
        weak_group,
        identifier_type,
        identifier_scope,
        identifier_value
    from shown
    group by weak_group, identifier_type, identifier_scope, identifier_value
),

group_sizes as (
    select
        weak_group,
        count(*) as identifier_count,
        sum(case when identifier_type = 'email' then 1 else 0 end) as email_count
    from group_identifiers
    group by weak_group
),

-- Two verified people of different names cannot be one, whatever they share.
conflicts as (
    select
        weak_group,
        min(person_name) <> max(person_name) as has_conflict
    from grouped
    where has_verified_email and person_name is not null
    group by weak_group
),

final as (
    select
        grouped.node_key,
        grouped.proven_part,
        grouped.strong_part,
        grouped.weak_group,
        grouped.whole_group,
        grouped.person_name,
        coalesce(part_sizes.identifier_count, 0) as part_identifier_count,
        coalesce(part_sizes.email_count, 0) as part_email_count,
        coalesce(group_sizes.identifier_count, 0) as group_identifier_count,
        coalesce(group_sizes.email_count, 0) as group_email_count,
        coalesce(
            part_sizes.identifier_count > {{ var('identity_identifiers_maximum') }}
            or part_sizes.email_count > {{ var('identity_emails_maximum') }},
            false
        ) as is_part_over_size,
        coalesce(
            group_sizes.identifier_count > {{ var('identity_identifiers_maximum') }}
            or group_sizes.email_count > {{ var('identity_emails_maximum') }},
            false
        ) as is_group_over_size,
        coalesce(conflicts.has_conflict, false) as has_conflict
    from grouped
    left join part_sizes on grouped.strong_part = part_sizes.strong_part
    left join group_sizes on grouped.weak_group = group_sizes.weak_group
    left join conflicts on grouped.weak_group = conflicts.weak_group
)

select * from final
