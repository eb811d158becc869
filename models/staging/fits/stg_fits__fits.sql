with

source as (
    select * from {{ source('fits', 'fit') }}
),

final as (
    select
        fit_name,
        input_digest,
        input_row_count,
        output_row_count,
        as_of_at,
        fitted_at
    from source
)

select * from final
