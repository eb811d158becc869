{# Ten thousand days up to as_of: 27 years. #}

with

as_of as (
    select {{ shop_date('as_of_at') }} as as_of_date
    from {{ ref('int_as_of') }}
),

days as (
    {{ day_numbers() }}
),

final as (
    select
        cast(
            {{ dbt.dateadd('day', '-cast(days.day_number as integer)', 'as_of.as_of_date') }}
            as date
        ) as calendar_date
    from days
    cross join as_of
)

select * from final
