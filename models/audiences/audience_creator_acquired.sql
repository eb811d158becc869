with

rules as (
    {{ segment_rules('creator_acquired', ['window_days']) }}
),

customers as (
    select
        customer_id,
        as_of_at
    from {{ ref('dim_customers') }}
),

acquisitions as (
    select * from {{ ref('fct_creator_acquisitions') }}
),

final as (
    select
        acquisitions.customer_id,
        'won_by_creator:' || acquisitions.creator_key as reason,
        acquisitions.acquired_at as entered_at
    from acquisitions
    cross join rules
    inner join customers
        on acquisitions.customer_id = customers.customer_id
    where
        acquisitions.acquired_at <= customers.as_of_at
        and {{ dbt.datediff('acquisitions.acquired_at', 'customers.as_of_at', 'day') }}
        <= rules.window_days
)

select * from final
