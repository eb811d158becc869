{{ config(access='private') }}

{# Walks through channels of up to 512 steps. #}

with

walks as (
    select * from {{ ref('int_walks_64') }}
),

doubled as (
    {{ doubled_walks('walks', ['replicate', 'customer_type'], 3) }}
)

select * from doubled
