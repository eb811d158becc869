{{ config(materialized='ephemeral') }}

{# Name and place of the records that survive. A gift's recipient gives her place, never her name.
   Any Californian record makes a Californian, whichever survives. #}

with

identity_map as (
    select * from {{ ref('identity_map') }}
),

field_choices as (
    select * from {{ ref('int_customer_field_choices') }}
    where field in ('name', 'place')
),

records as (
    select * from {{ ref('int_customer_records') }}
),

signals as (
    select
        identity_map.customer_id,
        max(case
            when
                records.country_code = 'US'
                and lower(records.region) in ('ca', 'us-ca', 'california')
                then 1
            else 0
        end) = 1 as is_california
    from records
    inner join identity_map
        on records.record_type = identity_map.identifier_type
        and records.source_relation = identity_map.identifier_scope
        and records.source_row_id = identity_map.identifier_value
    group by identity_map.customer_id
),

survivors as (
    select
        field_choices.customer_id,
        max(case when field_choices.field = 'name' then records.first_name end) as first_name,
        max(case when field_choices.field = 'name' then records.last_name end) as last_name,
        max(case when field_choices.field = 'place' then records.city end) as city,
        max(case when field_choices.field = 'place' then records.region end) as region,
        max(case when field_choices.field = 'place' then records.zip end) as zip,
        max(case when field_choices.field = 'place' then records.country_code end)
            as country_code
    from field_choices
    inner join records
        on field_choices.source_relation = records.source_relation
        and field_choices.source_table = records.source_table
        and field_choices.source_row_id = records.source_row_id
    group by field_choices.customer_id
),

final as (
    select
        signals.customer_id,
        survivors.first_name,
        survivors.last_name,
        survivors.city,
        survivors.region,
        survivors.zip,
        survivors.country_code,
        signals.is_california
    from signals
    left join survivors
        on signals.customer_id = survivors.customer_id
)

select * from final
