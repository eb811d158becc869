-- Phones and browsers are shared in families, so they tie two records only where the first names of
-- their parts do not differ, and browsers only where the phones do not differ either (a son may
-- have his father's name, hardly his phone). Where a value need not be shown, a record without one
-- follows the only one there is; among several it joins nobody.
with

observations as (
    select * from {{ ref('int_identity_observations') }}
    where source_table <> 'web.anonymous_id'
),

identifiers as (
    select * from {{ ref('int_identity_identifiers') }}
    where verdict = 'link'
),

device_sightings as (
    select * from {{ ref('int_identity_device_sightings') }}
    where not is_over_cap
),

parts as (
    select * from {{ ref('int_identity_parts') }}
),

rules as (
    select * from {{ ref('identity_rules') }}
    where strength in ('S3', 'S4') and left_type = right_type
),

sightings as (
    select
        observations.identifier_type,
        observations.identifier_scope,
        observations.identifier_value,
        observations.node_key,
        observations.first_seen_at,
        observations.last_seen_at
    from observations
    inner join identifiers
        on observations.identifier_type = identifiers.identifier_type
        and observations.identifier_scope = identifiers.identifier_scope
        and observations.identifier_value = identifiers.identifier_value
    union all
    select
        'anonymous_id' as identifier_type,
        source_relation as identifier_scope,
        anonymous_id as identifier_value,
        node_key,
        first_seen_at,
        last_seen_at
    from device_sightings
),

ruled as (
    select
        rules.rule,
        rules.strength,
        rules.max_age_days,
        rules.must_agree_on,
        rules.must_not_differ_on,
        sightings.identifier_type,
        sightings.identifier_scope,
        sightings.identifier_value,
        sightings.node_key,
        parts.strong_part,
        parts.person_name,
        case when rules.must_not_differ_on = 'phone' then parts.phone end as phone,
        sightings.first_seen_at,
        sightings.last_seen_at
    from sightings
    inner join rules on sightings.identifier_type = rules.left_type
    inner join parts on sightings.node_key = parts.node_key
),

names_of_identifiers as (
    select
        rule,
        identifier_scope,
        identifier_value,
        min(person_name) as first_person_name,
        max(person_name) as last_person_name
    from ruled
    group by rule, identifier_scope, identifier_value
),

named as (
    select
        ruled.*,
        case
            when ruled.must_agree_on is null then ''
            when ruled.person_name is not null then ruled.person_name
            when ruled.must_agree_on = 'person_name' then null
            when names_of_identifiers.first_person_name is null then ''
            when names_of_identifiers.first_person_name = names_of_identifiers.last_person_name
                then names_of_identifiers.first_person_name
        end as agreed_name
    from ruled
    inner join names_of_identifiers
        on ruled.rule = names_of_identifiers.rule
        and ruled.identifier_scope = names_of_identifiers.identifier_scope
        and ruled.identifier_value = names_of_identifiers.identifier_value
),

phones_of_names as (
    select
        rule,
        identifier_scope,
        identifier_value,
        agreed_name,
        min(phone) as first_phone,
        max(phone) as last_phone
    from named
    where agreed_name is not null
    group by rule, identifier_scope, identifier_value, agreed_name
),

final as (
    select
        named.rule,
        named.strength,
        named.max_age_days,
        named.identifier_type,
        named.identifier_scope,
        named.identifier_value,
        named.node_key,
        named.strong_part,
        case
            when phones_of_names.agreed_name is null then null
            when phones_of_names.first_phone is null then named.agreed_name
            when named.phone is not null then named.agreed_name || ' ' || named.phone
            when phones_of_names.first_phone = phones_of_names.last_phone
                then named.agreed_name || ' ' || phones_of_names.first_phone
        end as agreed_on,
        named.first_seen_at,
        named.last_seen_at
    from named
    left join phones_of_names
        on named.rule = phones_of_names.rule
        and named.identifier_scope = phones_of_names.identifier_scope
        and named.identifier_value = phones_of_names.identifier_value
        and named.agreed_name = phones_of_names.agreed_name
)

select * from final
