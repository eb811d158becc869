{# Each surviving value of dim_customers has its row in customer_field_sources, the source row
   named there holds the value, and no row stands there for a value that did not survive. #}
with

customers as (
    select * from {{ ref('dim_customers') }}
),

surviving as (
    select
        customer_id,
        'email' as field,
        email as value_text
    from customers
    where email is not null
    union all
    select
        customer_id,
        'phone_number' as field,
        phone_number as value_text
    from customers
    where phone_number is not null
    union all
    select
        customer_id,
        'name' as field,
        {{ concat_text(['first_name', 'last_name'], '|') }} as value_text
    from customers
    where first_name is not null or last_name is not null
    union all
    select
        customer_id,
        'place' as field,
        {{ concat_text(['city', 'region', 'zip', 'country_code'], '|') }} as value_text
    from customers
    where coalesce(city, region, zip, country_code) is not null
),

held as (
    select
        source_relation,
        'shopify.customer' as source_table,
        cast(shopify_customer_id as {{ dbt.type_string() }}) as source_row_id,
        {{ normalise_email('email') }} as email,
        phone_number,
        {{ concat_text(['first_name', 'last_name'], '|') }} as name_text,
        {{ concat_text(['city', 'region', 'zip', 'upper(country_code)'], '|') }} as place_text
    from {{ ref('stg_shopify__customers') }}
    union all
    select
        source_relation,
        'shopify.order' as source_table,
        cast(shopify_order_id as {{ dbt.type_string() }}) as source_row_id,
        {{ normalise_email('email') }} as email,
        phone_number,
        {{ concat_text(['billing_first_name', 'billing_last_name'], '|') }} as name_text,
        {{ concat_text(
            ['shipping_city', 'shipping_region', 'shipping_zip', 'upper(shipping_country_code)'],
            '|'
        ) }} as place_text
    from {{ ref('stg_shopify__orders') }}
    union all
    select
        source_relation,
        'shopify.abandoned_checkout' as source_table,
        cast(shopify_checkout_id as {{ dbt.type_string() }}) as source_row_id,
        {{ normalise_email('email') }} as email,
        phone_number,
        cast(null as {{ dbt.type_string() }}) as name_text,
        {{ concat_text(["''", "''", "''", 'upper(shipping_country_code)'], '|') }} as place_text
    from {{ ref('stg_shopify__abandoned_checkouts') }}
    union all
    select
        source_relation,
        'klaviyo.person' as source_table,
        klaviyo_profile_id as source_row_id,
        {{ normalise_email('email') }} as email,
        phone_number,
        {{ concat_text(['first_name', 'last_name'], '|') }} as name_text,
        {{ concat_text(['city', 'region', 'zip', 'upper(country_code)'], '|') }} as place_text
    from {{ ref('stg_klaviyo__persons') }}
),

sourced as (
    select
        field_sources.customer_id,
        field_sources.field,
        case field_sources.field
            when 'email' then held.email
            when 'phone_number' then held.phone_number
            when 'name' then held.name_text
            when 'place' then held.place_text
        end as value_text
    from {{ ref('customer_field_sources') }} as field_sources
    left join held
        on field_sources.source_relation = held.source_relation
        and field_sources.source_table = held.source_table
        and field_sources.source_row_id = held.source_row_id
)

-- Ids and fields only: a failing row must not show anybody's address.
select
    coalesce(surviving.customer_id, sourced.customer_id) as customer_id,
    coalesce(surviving.field, sourced.field) as field
from surviving
full outer join sourced
    on surviving.customer_id = sourced.customer_id
    and surviving.field = sourced.field
where
    surviving.value_text is null
    or sourced.value_text is null
    or surviving.value_text <> sourced.value_text
