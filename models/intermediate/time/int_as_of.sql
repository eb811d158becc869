with

landed_times as (
    select * from {{ ref('stg_landing__as_of_times') }}
),

final as (
    select {{ as_of_at('max(newest_source_at)') }} as as_of_at
    from landed_times
)

select * from final
