with

members as (
    select customer_id from {{ ref('audience_one_and_done') }}
    where {{ is_held_back('customer_id', 'one_and_done') }}
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

shaped as (
    {{ held_back_shape('one_and_done') }}
    where {{ eligible('email', 'marketing') }} and dim_customers.email is not null
),

{{ held_back_rows() }}
