with

members as (
    select customer_id from {{ ref('audience_win_back') }}
    where {{ is_held_back('customer_id', 'win_back') }}
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

shaped as (
    {{ held_back_shape('win_back') }}
    where {{ eligible('email', 'marketing') }} and dim_customers.email is not null
),

{{ held_back_rows() }}
