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

-- A split only ends a span: from then on the id stands for itself again.
final as (
    select
        old_customer_id,
        customer_id,
        valid_from,
        valid_to,
        reason
    from spans
    where customer_id is not null
)

select * from final
