-- An order's address is the one it was shipped to, and only where it went to the person billed: a
-- gift goes to somebody else.
with

nodes as (
    select * from {{ ref('int_identity_nodes') }}
),

observations as (
    select * from {{ ref('int_identity_observations') }}
),

identifiers as (
    select * from {{ ref('int_identity_identifiers') }}
    where verdict = 'link'
),

customers as (
    select * from {{ ref('stg_shopify__customers') }}
),

orders as (
    select * from {{ ref('stg_shopify__orders') }}
),

profiles as (
    select * from {{ ref('stg_klaviyo__persons') }}
),

-- What a placeholder, a relay or a crowd shares tells nobody apart.
addresses as (
    select
        observations.node_key,
        max(case
            when observations.identifier_type = 'email' then observations.identifier_value
        end) as email,
        max(case
            when observations.identifier_type = 'phone' then observations.identifier_value
        end) as phone
    from observations
    inner join identifiers
        on observations.identifier_type = identifiers.identifier_type
        and observations.identifier_scope = identifiers.identifier_scope
        and observations.identifier_value = identifiers.identifier_value
    where observations.identifier_type in ('email', 'phone')
    group by observations.node_key
),

shipped_orders as (
    select
        *,
        lower(trim(shipping_first_name)) = lower(trim(billing_first_name))
        and lower(trim(shipping_last_name)) = lower(trim(billing_last_name)) as is_own_address
    from orders
),

records as (
    select
        'shopify.customer' as source_table,
        source_relation,
        cast(shopify_customer_id as {{ dbt.type_string() }}) as source_row_id,
        first_name,
        last_name,
        cast(null as {{ dbt.type_string() }}) as street,
        city,
        region,
        zip,
        country_code
    from customers
    union all
    select
        'shopify.order' as source_table,
        source_relation,
        cast(shopify_order_id as {{ dbt.type_string() }}) as source_row_id,
        billing_first_name as first_name,
        billing_last_name as last_name,
        case when is_own_address then shipping_address end as street,
        case when is_own_address then shipping_city end as city,
        case when is_own_address then shipping_region end as region,
        case when is_own_address then shipping_zip end as zip,
        case
            when is_own_address then coalesce(shipping_country_code, billing_country_code)
            else billing_country_code
        end as country_code
    from shipped_orders
    union all
    select
        'klaviyo.person' as source_table,
        source_relation,
        klaviyo_profile_id as source_row_id,
        first_name,
        last_name,
        cast(null as {{ dbt.type_string() }}) as street,
        city,
        region,
        zip,
        country_code
    from profiles
),

final as (
    select
        nodes.node_key,
        {%- for trait in [
            'first_name', 'last_name', 'street', 'city', 'region', 'zip', 'country_code'
        ] %}
            lower({{ stripped_text('records.' ~ trait) }}) as {{ trait }},
        {%- endfor %}
        addresses.email,
        addresses.phone,
        cast(null as {{ dbt.type_string() }}) as birth_date
    from nodes
    left join records
        on nodes.source_relation = records.source_relation
        and nodes.source_table = records.source_table
        and nodes.source_row_id = records.source_row_id
    left join addresses on nodes.node_key = addresses.node_key
)

select * from final
