with

members as (
    select customer_id from {{ ref('audience_creator_acquired') }}
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

shaped as (
    {{ meta_audience_shape() }}
    where {{ eligible('ads', 'ads_sharing') }}
),

{{ meta_audience_rows() }}
