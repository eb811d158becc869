{# An @ in what goes to an ad platform is an address that nobody hashed. #}
{%- set meta_columns = [
    'extern_id', 'email_sha256', 'phone_sha256', 'first_name_sha256', 'last_name_sha256',
    'city_sha256', 'state_sha256', 'zip_sha256', 'country_sha256', 'normaliser_version',
] %}
{%- set google_columns = [
    'email_sha256', 'phone_sha256', 'first_name_sha256', 'last_name_sha256', 'postal_code',
    'region_code', 'ad_user_data', 'ad_personalization', 'normaliser_version',
] %}
{%- set tiktok_columns = ['email_sha256', 'phone_sha256', 'normaliser_version'] %}
{%- for vendor, columns, audiences in [
    ('meta', meta_columns, [
        'at_risk', 'cart_abandoner', 'creator_acquired', 'existing_customer',
        'high_value_seed', 'negative_margin', 'new_high_margin_seed', 'recent_purchaser',
        'serial_returner', 'win_back',
    ]),
    ('google', google_columns, [
        'existing_customer', 'full_price_buyer', 'high_value_seed', 'recent_purchaser',
    ]),
    ('tiktok', tiktok_columns, [
        'existing_customer', 'high_value_seed', 'recent_purchaser',
    ]),
] %}
    {%- for audience in audiences %}
        select customer_id from {{ ref('sync_' ~ vendor ~ '__audience_' ~ audience) }}
        where {{ concat_text(columns) }} like '%@%'
        union all
    {%- endfor %}
{%- endfor %}
{%- for vendor, click_ids in [
    ('meta', ['fbc', 'client_user_agent', 'event_source_url']),
    ('google', ['gclid', 'gbraid', 'wbraid']),
    ('tiktok', ['ttclid', 'client_user_agent', 'event_source_url']),
] %}
    select external_id as customer_id from {{ ref('sync_' ~ vendor ~ '__conversions') }}
    where
        {{ concat_text(
            ['event_id', 'order_id', 'external_id', 'email_sha256', 'phone_sha256'] + click_ids
        ) }} like '%@%'
    {%- if not loop.last %}
        union all
    {%- endif %}
{%- endfor %}
