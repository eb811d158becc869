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
union all
select customer_id from {{ ref('sync_tiktok__audience_existing_customer') }}
where {{ concat_text(['email_sha256', 'phone_sha256', 'normaliser_version']) }} like '%@%'
{%- for vendor, click_ids in [
    ('meta', ['fbc', 'client_user_agent', 'event_source_url']),
    ('google', ['gclid', 'gbraid', 'wbraid']),
    ('tiktok', ['ttclid', 'client_user_agent', 'event_source_url']),
] %}
    union all
    select external_id as customer_id from {{ ref('sync_' ~ vendor ~ '__conversions') }}
    where
        {{ concat_text(
            ['event_id', 'order_id', 'external_id', 'email_sha256', 'phone_sha256'] + click_ids
        ) }} like '%@%'
{%- endfor %}
