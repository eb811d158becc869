with

members as (
    select customer_id from {{ ref('audience_cross_sell') }}
    where {{ is_held_back('customer_id', 'cross_sell') }}
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

shaped as (
    {{ held_back_shape('cross_sell') }}
    where {{ eligible('email', 'marketing') }} and dim_customers.email is not null
),

{{ held_back_rows() }}
