with

members as (
    select customer_id from {{ ref('audience_engaged') }}
    where {{ is_held_back('customer_id', 'engaged') }}
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

shaped as (
    {{ held_back_shape('engaged') }}
    where {{ eligible('email', 'marketing') }} and dim_customers.email is not null
),

{{ held_back_rows() }}
