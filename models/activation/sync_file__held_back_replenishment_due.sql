with

members as (
    select customer_id from {{ ref('audience_replenishment_due') }}
    where {{ is_held_back('customer_id', 'replenishment_due') }}
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

shaped as (
    {{ held_back_shape('replenishment_due') }}
    where {{ eligible('email', 'marketing') }} and dim_customers.email is not null
),

{{ held_back_rows() }}
