with

members as (
    select customer_id from {{ ref('audience_win_back') }}
    where not {{ is_held_back('customer_id', 'win_back') }}
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

shaped as (
    {{ meta_audience_shape() }}
    where {{ eligible('ads', 'ads_sharing') }}
),

{{ meta_audience_rows() }}
