with

members as (
    select customer_id from {{ ref('audience_existing_customer') }}
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

shaped as (
    {{ tiktok_audience_shape() }}
    where {{ eligible('ads', 'ads_sharing') }}
),

{{ tiktok_audience_rows() }}
