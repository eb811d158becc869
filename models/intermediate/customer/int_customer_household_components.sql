{{ config(materialized='connected_components') }}

{# From how many first names on an address is no family's home but an office's or a block's. #}
{%- set names_per_address = 8 %}

{# Who lives together: the same surname at the same address, and people whom identity keeps apart
   although they share an identifier: a phone under two first names is a family's. An order counts
   as her own address only where the parcel bears the buyer's own name: a gift goes to another
   household. #}

with

customers as (
    select customer_id from {{ ref('customer_seeds') }}
),

identity_map as (
    select * from {{ ref('identity_map') }}
),

kept_apart as (
    select
        left_customer_id,
        right_customer_id
    from {{ ref('guard_log') }}
    where
        guard in ('conflict_veto', 'name_agreement')
        and left_customer_id is not null
        and right_customer_id is not null
),

records as (
    select * from {{ ref('int_customer_records') }}
    where trim(street) <> '' and trim(zip) <> '' and country_code is not null
),

names as (
    select
        customer_id,
        first_name,
        last_name,
        {{ plain_name('last_name') }} as surname,
        {{ person_name_key('first_name') }} as first_name_key
    from {{ ref('int_customer_names_and_places') }}
),

-- Orders by phone and at the till name no buyer: there the customer's own name is asked.
sendings as (
    select
        names.customer_id,
        names.surname,
        names.first_name_key,
        records.source_relation,
        records.source_table,
        records.source_row_id,
        records.street,
        records.zip,
        records.country_code,
        records.seen_at,
        {{ whole_name_key('records.recipient_first_name', 'records.recipient_last_name') }}
            as recipient_key,
        {{ whole_name_key(
            'coalesce(records.first_name, names.first_name)',
            'coalesce(records.last_name, names.last_name)'
        ) }} as buyer_key
    from records
    inner join identity_map
        on records.record_type = identity_map.identifier_type
        and records.source_relation = identity_map.identifier_scope
        and records.source_row_id = identity_map.identifier_value
    inner join names
        on identity_map.customer_id = names.customer_id
),

own_sendings as (
    select
        customer_id,
        surname,
        first_name_key,
        street,
        zip,
        country_code,
        row_number() over (
            partition by customer_id
            order by seen_at desc, source_relation asc, source_row_id asc, source_table asc
        ) as sending_number
    from sendings
    where recipient_key = buyer_key
),

homes as (
    select
        customer_id,
        surname,
        first_name_key,
        {{ address_key('street', 'zip', 'country_code') }} as address_key
    from own_sendings
    where sending_number = 1 and surname is not null
),

family_addresses as (
    select address_key
    from homes
    where address_key is not null
    group by address_key
    having count(distinct first_name_key) <= {{ names_per_address }}
),

families as (
    select
        homes.address_key,
        homes.surname,
        min(homes.customer_id) as first_customer_id
    from homes
    inner join family_addresses
        on homes.address_key = family_addresses.address_key
    group by homes.address_key, homes.surname
)

select
    families.first_customer_id as left_node,
    homes.customer_id as right_node
from homes
inner join families
    on homes.address_key = families.address_key
    and homes.surname = families.surname
union all
select
    left_customer_id as left_node,
    right_customer_id as right_node
from kept_apart
union all
-- A customer on her own is a household too, hence her tie to herself.
select
    customer_id as left_node,
    customer_id as right_node
from customers
