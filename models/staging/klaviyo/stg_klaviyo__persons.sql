with

source as (
    select * from {{ source('klaviyo', 'person') }}
    where not coalesce(_fivetran_deleted, false)
),

phone_numbers as (
    select * from {{ source('landing', 'phone_number') }}
),

final as (
    select
        source._source_relation as source_relation,
        source.id as klaviyo_profile_id,
        source.external_id,
        source.email,
        phone_numbers.phone_e164 as phone_number,
        source.first_name,
        source.last_name,
        source.city,
        source.region,
        source.zip,
        source.country as country_code,
        source.created as created_at,
        source.updated as updated_at,
        source.last_event_date as last_event_at,
        source._fivetran_synced as synced_at
    from source
    left join phone_numbers
        on source.phone_number = phone_numbers.phone
        and upper(coalesce(source.country, '')) = phone_numbers.country_code
)

select * from final
