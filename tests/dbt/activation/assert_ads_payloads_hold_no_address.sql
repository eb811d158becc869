{# An @ in what goes to an ad platform is an address that nobody hashed. #}
select customer_id from {{ ref('sync_meta__audience_existing_customer') }}
where
    {{ concat_text([
        'extern_id', 'email_sha256', 'phone_sha256', 'first_name_sha256', 'last_name_sha256',
        'city_sha256', 'state_sha256', 'zip_sha256', 'country_sha256', 'normaliser_version',
    ]) }} like '%@%'
union all
select customer_id from {{ ref('sync_google__audience_high_value_seed') }}
where
    {{ concat_text([
        'email_sha256', 'phone_sha256', 'first_name_sha256', 'last_name_sha256', 'postal_code',
        'region_code', 'ad_user_data', 'ad_personalization', 'normaliser_version',
    ]) }} like '%@%'
