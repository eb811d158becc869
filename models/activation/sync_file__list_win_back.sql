{%- set payload = ['email', 'first_name', 'last_name', 'country_code', 'normaliser_version'] -%}

with

members as (
    select customer_id from {{ ref('audience_win_back') }}
    where not {{ is_held_back('customer_id', 'win_back') }}
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

{# The file is for a tool that mails, so it asks for the same yes as mail does. #}
shaped as (
    select
        dim_customers.customer_id,
        {{ normalise_email('dim_customers.email') }} as email,
        dim_customers.first_name,
        dim_customers.last_name,
        dim_customers.country_code,
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
        {%- for column in payload %}
            {{ column }},
        {%- endfor %}
        {{ row_hash(payload) }} as row_hash
    from ranked
    where place = 1
)

select * from final
