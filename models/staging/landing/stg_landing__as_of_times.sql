with

source as (
    select * from {{ source('landing', 'as_of') }}
),

final as (
    select
        source_table,
        newest_source_at
    from source
)

select * from final
