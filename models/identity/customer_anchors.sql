{# How many living records hold an id, its seed included. #}
{%- set holders = 3 %}

with

members as (
    select * from {{ ref('int_identity_members') }}
),

claims as (
    select * from {{ ref('int_identity_claims') }}
),

anchors as (
    select * from {{ ref('stg_ledger__customer_anchors') }}
),

-- Numbers go on after those of rows that are gone.
last_numbers as (
    select
        customer_id,
        max(anchor_number) as last_number
    from anchors
    group by customer_id
),

registered as (
    select
        members.customer_id,
        members.node_key,
        members.source_relation,
        members.source_table,
        members.source_row_id,
        claims.anchor_number
    from members
    inner join claims
        on members.node_key = claims.node_key
        and members.customer_id = claims.claimed_customer_id
    where not members.is_seed
),

registered_counts as (
    select
        customer_id,
        count(*) as anchor_count
    from registered
    group by customer_id
),

-- A record that holds another id keeps holding that one: it finds it again after a split.
free as (
    select
        members.customer_id,
        members.source_relation,
        members.source_table,
        members.source_row_id,
        row_number() over (
            partition by members.customer_id
            order by members.first_seen_at, members.node_key
        ) as place
    from members
    left join claims on members.node_key = claims.node_key
    where not members.is_seed and claims.node_key is null
),

added as (
    select
        free.customer_id,
        free.source_relation,
        free.source_table,
        free.source_row_id,
        coalesce(last_numbers.last_number, 0) + free.place as anchor_number
    from free
    left join registered_counts on free.customer_id = registered_counts.customer_id
    left join last_numbers on free.customer_id = last_numbers.customer_id
    where free.place + coalesce(registered_counts.anchor_count, 0) < {{ holders }}
),

final as (
    select
        customer_id,
        source_relation,
        source_table,
        source_row_id,
        cast(anchor_number as integer) as anchor_number
    from registered
    where anchor_number > 0
    union all
    select
        customer_id,
        source_relation,
        source_table,
        source_row_id,
        cast(anchor_number as integer) as anchor_number
    from added
)

select * from final
