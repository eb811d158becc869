with

members as (
    select customer_id from {{ ref('audience_vip') }}
    where not {{ is_held_back('customer_id', 'vip') }}
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

shaped as (
    select
        dim_customers.customer_id,
        {{ klaviyo_email('dim_customers.email') }} as email,
        dim_customers.customer_id as external_id,
        {{ normaliser_version() }} as normaliser_version,
        dim_customers.first_seen_at
    from dim_customers
    inner join members
        on dim_customers.customer_id = members.customer_id
    where {{ eligible('email', 'marketing') }}
),

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
        email,
        external_id,
        normaliser_version,
        {{ row_hash(['email', 'external_id', 'normaliser_version']) }} as row_hash
    from ranked
    where place = 1
)

select * from final
