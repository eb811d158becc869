with

changes as (
    select * from {{ ref('int_identity_id_changes') }}
),

spans as (
    select
        old_customer_id,
        customer_id,
        reason,
        changed_at as valid_from,
        lead(changed_at) over (
            partition by old_customer_id
            order by changed_at
        ) as valid_to
    from changes
),

-- A split gives the id back to itself.
final as (
    select
        old_customer_id,
        coalesce(customer_id, old_customer_id) as customer_id,
        valid_from,
        valid_to,
        reason
    from spans
)

select * from final
