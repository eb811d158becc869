with

members as (
    select customer_id from {{ ref('audience_cart_abandoner') }}
    where not {{ is_held_back('customer_id', 'cart_abandoner') }}
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

shaped as (
    {{ klaviyo_list_shape() }}
    where {{ eligible('email', 'marketing') }}
),

{{ klaviyo_list_rows() }}
