-- The seed of a component is the record whose registered id wins (earliest registered); where none
-- is registered, the record seen first. Its key alone makes the id, never an address.
with

components as (
    select * from {{ ref('int_identity_components') }}
),

nodes as (
    select * from {{ ref('int_identity_nodes') }}
),

register as (
    select * from {{ ref('stg_ledger__customer_ids') }}
),

registered as (
    select
        source_relation || '|' || source_table || '|' || source_row_id as node_key,
        customer_id,
        registered_at,
        row_number() over (
            partition by source_relation, source_table, source_row_id
            order by registered_at, customer_id
        ) as registration_number
    from register
),

candidates as (
    select
        components.component,
        nodes.node_key,
        nodes.source_relation,
        nodes.source_table,
        nodes.source_row_id,
        nodes.first_seen_at,
        registered.customer_id as registered_customer_id,
        row_number() over (
            partition by components.component
            order by
                case when registered.customer_id is null then 1 else 0 end,
                registered.registered_at,
                registered.customer_id,
                nodes.first_seen_at,
                nodes.node_key
        ) as seed_number
    from components
    inner join nodes on components.node = nodes.node_key
    left join registered
        on nodes.node_key = registered.node_key
        and registered.registration_number = 1
),

seeds as (
    select
        component,
        node_key as seed_node_key,
        coalesce(registered_customer_id, 'cus_' || {{ md5_hex('node_key') }}) as customer_id
    from candidates
    where seed_number = 1
),

final as (
    select
        candidates.node_key,
        seeds.customer_id,
        candidates.component,
        candidates.source_relation,
        candidates.source_table,
        candidates.source_row_id,
        candidates.node_key = seeds.seed_node_key as is_seed,
        candidates.first_seen_at
    from candidates
    inner join seeds on candidates.component = seeds.component
)

select * from final
