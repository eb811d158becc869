{{ config(access='private') }}

{# Walks through channels of up to 64 steps. #}

with

walks as (
    select * from {{ ref('int_walks_8') }}
),

doubled as (
    {{ doubled_walks('walks', ['replicate', 'customer_type'], 3) }}
)

select * from doubled
