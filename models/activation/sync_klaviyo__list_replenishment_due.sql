with

members as (
    select customer_id from {{ ref('audience_replenishment_due') }}
    where not {{ is_held_back('customer_id', 'replenishment_due') }}
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

shaped as (
    {{ klaviyo_list_shape() }}
    where {{ eligible('email', 'marketing') }}
),

{{ klaviyo_list_rows() }}
