with

members as (
    select customer_id from {{ ref('audience_rising_star') }}
    where {{ is_held_back('customer_id', 'rising_star') }}
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

shaped as (
    {{ held_back_shape('rising_star') }}
    where {{ eligible('email', 'marketing') }} and dim_customers.email is not null
),

{{ held_back_rows() }}
