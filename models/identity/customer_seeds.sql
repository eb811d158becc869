with

members as (
    select * from {{ ref('int_identity_members') }}
),

identity_map as (
    select * from {{ ref('identity_map') }}
),

identifier_counts as (
    select
        customer_id,
        count(*) as identifier_count
    from identity_map
    group by customer_id
),

clusters as (
    select
        customer_id,
        count(*) as cluster_size,
        min(first_seen_at) as first_seen_at
    from members
    group by customer_id
),

final as (
    select
        members.customer_id,
        members.source_relation,
        members.source_table,
        members.source_row_id,
        clusters.cluster_size,
        coalesce(identifier_counts.identifier_count, 0) as identifier_count,
        clusters.first_seen_at
    from members
    inner join clusters on members.customer_id = clusters.customer_id
    left join identifier_counts on members.customer_id = identifier_counts.customer_id
    where members.is_seed
)

select * from final
