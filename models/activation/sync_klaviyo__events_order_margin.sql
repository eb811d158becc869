{%- set payload = [
    'email', 'external_id', 'event_at', 'currency', 'value_amount', 'property_order_id',
    'property_cost_quality', 'is_backfill', 'normaliser_version',
] -%}

with

conversions as (
    select * from {{ ref('fct_conversions') }}
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

{# Told as backfill: it is knowledge for segments, and must start no flow. The value may be below
   zero here, for nobody bids on it. #}
shaped as (
    select
        conversions.event_id,
        {{ klaviyo_email('dim_customers.email') }} as email,
        conversions.customer_id as external_id,
        {{ iso_utc('conversions.ordered_at') }} as event_at,
        conversions.currency,
        cast(conversions.cm2_amount as {{ dbt.type_string() }}) as value_amount,
        conversions.order_id as property_order_id,
        conversions.cost_quality as property_cost_quality,
        true as is_backfill,
        {{ normaliser_version() }} as normaliser_version
    from conversions
    inner join dim_customers
        on conversions.customer_id = dim_customers.customer_id
    where {{ eligible('email', 'marketing') }}
),

final as (
    select
        event_id,
        {%- for column in payload %}
            {{ column }},
        {%- endfor %}
        {{ row_hash(payload) }} as row_hash
    from shaped
    where email is not null
)

select * from final
