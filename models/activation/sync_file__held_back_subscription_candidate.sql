with

members as (
    select customer_id from {{ ref('audience_subscription_candidate') }}
    where {{ is_held_back('customer_id', 'subscription_candidate') }}
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

shaped as (
    {{ held_back_shape('subscription_candidate') }}
    where {{ eligible('email', 'marketing') }} and dim_customers.email is not null
),

{{ held_back_rows() }}
