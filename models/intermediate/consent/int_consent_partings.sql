{# Who was one customer until a split, under the ids of today. An id that goes on merged into
   another one was not itself again: no split of hers. #}

with

{# A row that gives an id back to itself ends the span before it and says no more. #}
history as (
    select * from {{ ref('customer_id_history') }}
    where old_customer_id <> customer_id
),

customers as (
    select customer_id from {{ ref('customer_seeds') }}
),

ordered as (
    select
        *,
        lead(valid_from) over (
            partition by old_customer_id
            order by valid_from
        ) as next_valid_from
    from history
),

spans as (
    select
        *,
        case
            when next_valid_from is null or next_valid_from > valid_to then valid_to
        end as parted_at
    from ordered
),

moments as (
    select
        customer_id as merged_customer_id,
        parted_at
    from spans
    where parted_at is not null
    group by customer_id, parted_at
),

members as (
    select
        merged_customer_id,
        parted_at,
        merged_customer_id as id_then,
        1 as heir_count
    from moments
    union all
    select
        moments.merged_customer_id,
        moments.parted_at,
        spans.old_customer_id as id_then,
        case when spans.parted_at = moments.parted_at then 1 else 0 end as heir_count
    from moments
    inner join spans
        on moments.merged_customer_id = spans.customer_id
        and moments.parted_at > spans.valid_from
        and (spans.valid_to is null or moments.parted_at <= spans.valid_to)
),

{# An id of then is a customer now, or lives on in one. #}
known_now as (
    select
        customer_id as id_then,
        customer_id
    from customers
    union all
    select
        history.old_customer_id as id_then,
        history.customer_id
    from history
    inner join customers on history.customer_id = customers.customer_id
    left join customers as unmerged on history.old_customer_id = unmerged.customer_id
    where history.valid_to is null and unmerged.customer_id is null
),

final as (
    select
        members.merged_customer_id,
        known_now.customer_id,
        max(members.heir_count) = 1 as is_heir,
        members.parted_at
    from members
    inner join known_now on members.id_then = known_now.id_then
    group by members.merged_customer_id, known_now.customer_id, members.parted_at
)

select * from final
