{%- set payload = [
    'phone_number', 'external_id', 'property_acquisition_channel', 'property_order_count',
    'property_net_sales_amount', 'property_is_vip', 'property_last_ordered_at',
    'normaliser_version',
] -%}

with

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

vips as (
    select customer_id from {{ ref('audience_vip') }}
),

shaped as (
    select
        dim_customers.customer_id,
        {{ postscript_phone('dim_customers.phone_number') }} as phone_number,
        dim_customers.customer_id as external_id,
        dim_customers.acquisition_channel as property_acquisition_channel,
        dim_customers.order_count as property_order_count,
        dim_customers.net_sales_amount as property_net_sales_amount,
        vips.customer_id is not null as property_is_vip,
        dim_customers.last_ordered_at as property_last_ordered_at,
        {{ normaliser_version() }} as normaliser_version,
        dim_customers.first_seen_at
    from dim_customers
    left join vips
        on dim_customers.customer_id = vips.customer_id
    where {{ eligible('sms', 'marketing') }}
),

{# The vendor knows one subscriber per phone. #}
ranked as (
    select
        *,
        row_number() over (partition by phone_number order by first_seen_at, customer_id) as place
    from shaped
    where phone_number is not null
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
