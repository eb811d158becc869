with

members as (
    select customer_id from {{ ref('audience_engaged') }}
    where not {{ is_held_back('customer_id', 'engaged') }}
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

shaped as (
    {{ klaviyo_list_shape() }}
    where {{ eligible('email', 'marketing') }}
),

{{ klaviyo_list_rows() }}
