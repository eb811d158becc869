with

members as (
    select customer_id from {{ ref('audience_vip') }}
    where {{ is_held_back('customer_id', 'vip') }}
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

shaped as (
    {{ held_back_shape('vip') }}
    where {{ eligible('email', 'marketing') }} and dim_customers.email is not null
),

{{ held_back_rows() }}
