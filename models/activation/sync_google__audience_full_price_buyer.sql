with

members as (
    select customer_id from {{ ref('audience_full_price_buyer') }}
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

shaped as (
    {{ google_audience_shape() }}
    where {{ eligible('ads', 'ads_sharing') }}
),

{{ google_audience_rows() }}
