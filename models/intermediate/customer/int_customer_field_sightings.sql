{{ config(materialized='ephemeral') }}

{# Every record of a customer that shows a field, with a hash of the value: values are compared
   here, never stored. #}

with

identity_map as (
    select * from {{ ref('identity_map') }}
),

records as (
    select * from {{ ref('int_customer_records') }}
),

{# A relay, shared or placeholder address belongs to no customer in the map: nobody's contact. #}
emails as (
    select
        identity_map.customer_id,
        'email' as field,
        records.source_relation,
        records.source_table,
        records.source_row_id,
        {{ row_hash(['records.email']) }} as value_hash,
        records.is_email_verified as is_verified,
        records.contact_seen_at as seen_at
    from records
    inner join identity_map
        on records.matching_email = identity_map.identifier_value
        and identity_map.identifier_type = 'email'
),

phones as (
    select
        identity_map.customer_id,
        'phone_number' as field,
        records.source_relation,
        records.source_table,
        records.source_row_id,
        {{ row_hash(['records.phone_number']) }} as value_hash,
        records.is_phone_verified as is_verified,
        records.contact_seen_at as seen_at
    from records
    inner join identity_map
        on records.phone_number = identity_map.identifier_value
        and identity_map.identifier_type = 'phone'
),

own_records as (
    select
        identity_map.customer_id,
        records.*
    from records
    inner join identity_map
        on records.record_type = identity_map.identifier_type
        and records.source_relation = identity_map.identifier_scope
        and records.source_row_id = identity_map.identifier_value
),

names as (
    select
        customer_id,
        'name' as field,
        source_relation,
        source_table,
        source_row_id,
        {{ row_hash(['first_name', 'last_name']) }} as value_hash,
        false as is_verified,
        seen_at
    from own_records
    where first_name is not null
),

places as (
    select
        customer_id,
        'place' as field,
        source_relation,
        source_table,
        source_row_id,
        {{ row_hash(['city', 'region', 'zip', 'country_code']) }} as value_hash,
        false as is_verified,
        seen_at
    from own_records
    where country_code is not null
),

gathered as (
    select * from emails
    union all
    select * from phones
    union all
    select * from names
    union all
    select * from places
),

final as (
    select
        customer_id,
        field,
        source_relation,
        source_table,
        source_row_id,
        value_hash,
        is_verified,
        seen_at
    from gathered
)

select * from final
