{%- set payload = [
    'email', 'phone_number', 'external_id', 'first_name', 'last_name', 'city', 'region', 'zip',
    'country', 'property_acquisition_channel', 'property_order_count', 'property_net_sales_amount',
    'property_average_order_value_amount', 'property_is_vip', 'property_first_ordered_at',
    'property_last_ordered_at', 'normaliser_version',
] -%}

with

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

vips as (
    select customer_id from {{ ref('audience_vip') }}
),

{# A phone goes along only where texts are allowed: the vendor needs no other. #}
shaped as (
    select
        dim_customers.customer_id,
        {{ klaviyo_email('dim_customers.email') }} as email,
        case
            when {{ eligible('sms', 'marketing') }}
                then {{ klaviyo_phone('dim_customers.phone_number') }}
        end as phone_number,
        dim_customers.customer_id as external_id,
        dim_customers.first_name,
        dim_customers.last_name,
        dim_customers.city,
        dim_customers.region,
        dim_customers.zip,
        dim_customers.country_code as country,
        dim_customers.acquisition_channel as property_acquisition_channel,
        dim_customers.order_count as property_order_count,
        dim_customers.net_sales_amount as property_net_sales_amount,
        dim_customers.average_order_value_amount as property_average_order_value_amount,
        vips.customer_id is not null as property_is_vip,
        dim_customers.first_ordered_at as property_first_ordered_at,
        dim_customers.last_ordered_at as property_last_ordered_at,
        {{ normaliser_version() }} as normaliser_version,
        dim_customers.first_seen_at
    from dim_customers
    left join vips
        on dim_customers.customer_id = vips.customer_id
    where {{ eligible('email', 'marketing') }}
),

{# The vendor knows one profile per address. #}
ranked as (
    select
        *,
        row_number() over (partition by email order by first_seen_at, customer_id) as place
    from shaped
    where email is not null
),

final as (
    select
        customer_id,
        {%- for column in payload %}
            {{ column }},
        {%- endfor %}
        {{ row_hash(payload) }} as row_hash
    from ranked
    where place = 1
)

select * from final
