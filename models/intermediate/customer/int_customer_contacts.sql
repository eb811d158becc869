{{ config(materialized='ephemeral') }}

{# The address and phone a customer is reached under: those of the records that survive. #}

with

field_choices as (
    select * from {{ ref('int_customer_field_choices') }}
    where field in ('email', 'phone_number')
),

records as (
    select * from {{ ref('int_customer_records') }}
),

contacts as (
    select
        field_choices.customer_id,
        max(case when field_choices.field = 'email' then records.email end) as email,
        max(case when field_choices.field = 'phone_number' then records.phone_number end)
            as phone_number
    from field_choices
    inner join records
        on field_choices.source_relation = records.source_relation
        and field_choices.source_table = records.source_table
        and field_choices.source_row_id = records.source_row_id
    group by field_choices.customer_id
),

verified_emails as (
    select email
    from records
    where is_email_verified and email is not null
    group by email
),

final as (
    select
        contacts.customer_id,
        contacts.email,
        contacts.phone_number,
        verified_emails.email is not null as is_email_verified
    from contacts
    left join verified_emails
        on contacts.email = verified_emails.email
)

select * from final
