with

source as (
    select * from {{ source('privacy', 'request') }}
),

phone_numbers as (
    select * from {{ source('landing', 'phone_number') }}
),

final as (
    select
        source._source_relation as source_relation,
        source.request_id as privacy_request_id,
        source.customer_id as shopify_customer_id,
        source.kind as request_kind,
        source.source as request_source,
        source.email,
        phone_numbers.phone_e164 as phone_number,
        source.country_code,
        source.requested_at,
        source.completed_at,
        source._fivetran_synced as synced_at
    from source
    left join phone_numbers
        on source.phone = phone_numbers.phone
        and upper(coalesce(source.country_code, '')) = phone_numbers.country_code
)

select * from final
