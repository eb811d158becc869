{{ config(access='private') }}

{# Which cohorts a customer belongs to: one per way of telling cohorts apart. Months with fewer than
   cohort_customers_minimum customers are one cohort with the others of their quarter. #}

{%- set month_start = dbt.date_trunc('month', 'first_purchase_date') %}
{%- set quarter_start = dbt.date_trunc('quarter', 'first_purchase_date') %}

with

acquisitions as (
    select
        *,
        cast({{ month_start }} as date) as month_date,
        cast({{ quarter_start }} as date) as quarter_date
    from {{ ref('int_acquisitions') }}
),

dimensions as (
    select 'all' as cohort_dimension
    union all
    select 'channel' as cohort_dimension
    union all
    select 'sku' as cohort_dimension
    union all
    select 'discount_band' as cohort_dimension
    union all
    select 'season' as cohort_dimension
),

members as (
    select
        acquisitions.customer_id,
        dimensions.cohort_dimension,
        case dimensions.cohort_dimension
            when 'channel' then acquisitions.channel
            when 'sku' then acquisitions.sku
            when 'discount_band' then acquisitions.discount_band
            when 'season' then acquisitions.season
            else 'all'
        end as cohort_value,
        acquisitions.first_purchase_date,
        acquisitions.month_date,
        acquisitions.quarter_date
    from acquisitions
    cross join dimensions
),

counted as (
    select
        *,
        count(*) over (
            partition by cohort_dimension, cohort_value, month_date
        ) >= {{ var('cohort_customers_minimum') }} as is_large
    from members
),

final as (
    select
        customer_id,
        cohort_dimension,
        cohort_value,
        case when is_large then 'month' else 'quarter' end as cohort_period,
        first_purchase_date,
        case when is_large then month_date else quarter_date end as cohort_date,
        {# A pooled cohort is open until its quarter ends. #}
        cast(
            case
                when is_large then month_date
                else {{ dbt.dateadd('month', 2, 'quarter_date') }}
            end as date
        ) as last_month_date
    from counted
)

select * from final
