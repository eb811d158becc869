with

source as (
    select * from {{ source('shopify', 'customer') }}
    where not coalesce(_fivetran_deleted, false)
),

phone_numbers as (
    select * from {{ source('landing', 'phone_number') }}
),

final as (
    select
        source._source_relation as source_relation,
        source.id as shopify_customer_id,
        source.email,
        phone_numbers.phone_e164 as phone_number,
        source.first_name,
        source.last_name,
        source.state as account_state,
        source.email_marketing_consent_state as email_marketing_state,
        source.email_marketing_consent_opt_in_level as email_marketing_opt_in_level,
        source.sms_marketing_consent_state as sms_marketing_state,
        source.sms_marketing_consent_opt_in_level as sms_marketing_opt_in_level,
        source.default_address_city as city,
        source.default_address_province_code as region,
        source.default_address_zip as zip,
        source.default_address_country_code as country_code,
        coalesce(source.verified_email, false) as is_email_verified,
        source.created_at,
        source.updated_at,
        source.email_marketing_consent_consent_updated_at as email_marketing_updated_at,
        source.sms_marketing_consent_consent_updated_at as sms_marketing_updated_at,
        source._fivetran_synced as synced_at
    from source
    left join phone_numbers
        on source.phone = phone_numbers.phone
        and upper(coalesce(source.default_address_country_code, '')) = phone_numbers.country_code
)

select * from final
