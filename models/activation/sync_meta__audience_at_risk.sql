with

members as (
    select customer_id from {{ ref('audience_at_risk') }}
    where not {{ is_held_back('customer_id', 'at_risk') }}
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

shaped as (
    {{ meta_audience_shape() }}
    where {{ eligible('ads', 'ads_sharing') }}
),

{{ meta_audience_rows() }}
