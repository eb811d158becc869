with

households as (
    select * from {{ ref('int_customer_households') }}
),

final as (
    select
        household_id,
        cast(count(*) as {{ dbt.type_bigint() }}) as member_count,
        min(first_seen_at) as first_seen_at
    from households
    group by household_id
)

select * from final
