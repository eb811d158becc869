-- A component without a published id gets one from the key of the record seen first, never from an
-- address.
with

components as (
    select * from {{ ref('int_identity_components') }}
),

nodes as (
    select * from {{ ref('int_identity_nodes') }}
),

claims as (
    select * from {{ ref('int_identity_claims') }}
),

survivors as (
    select
        component,
        customer_id
    from claims
    where is_claim and claimed_customer_id = customer_id
),

candidates as (
    select
        components.component,
        nodes.node_key,
        nodes.source_relation,
        nodes.source_table,
        nodes.source_row_id,
        nodes.first_seen_at,
        survivors.customer_id as registered_customer_id,
        row_number() over (
            partition by components.component
            order by
                case when claims.claimed_customer_id = survivors.customer_id then 0 else 1 end,
                claims.anchor_number,
                nodes.first_seen_at,
                nodes.node_key
        ) as seed_number
    from components
    inner join nodes on components.node = nodes.node_key
    left join survivors on components.component = survivors.component
    left join claims
        on nodes.node_key = claims.node_key
        and survivors.customer_id = claims.claimed_customer_id
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
