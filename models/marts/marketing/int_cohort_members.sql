{{ config(access='private') }}

{# Which cohorts a customer belongs to: one per way of telling cohorts apart. Of months with fewer than
   cohort_customers_minimum customers, those of one quarter are one cohort. #}

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

members as (
    {%- for dimension, value in [
        ('all', "'all'"), ('channel', 'channel'), ('sku', 'sku'),
        ('discount_band', 'discount_band'), ('season', 'season')
    ] %}
    select
        customer_id,
        '{{ dimension }}' as cohort_dimension,
        {{ value }} as cohort_value,
        first_purchase_date,
        month_date,
        quarter_date
    from acquisitions
    {{ 'union all' if not loop.last }}
    {%- endfor %}
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
        max(month_date) over (
            partition by
                cohort_dimension,
                cohort_value,
                is_large,
                case when is_large then month_date else quarter_date end
        ) as last_month_date
    from counted
)

select * from final
