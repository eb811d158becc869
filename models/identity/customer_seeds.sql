with

members as (
    select * from {{ ref('int_identity_members') }}
),

edges as (
    select * from {{ ref('int_identity_edges') }}
),

identity_map as (
    select * from {{ ref('identity_map') }}
),

reviews as (
    select * from {{ ref('identity_reviews') }}
),

as_of as (
    select {{ as_of_at('max(newest_source_at)') }} as as_of_at
    from {{ ref('stg_landing__as_of_times') }}
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
        min(case when source_table = 'shopify.order' then first_seen_at end) as first_ordered_at,
        min(first_seen_at) as first_seen_at
    from members
    group by customer_id
),

weakest as (
    select
        members.customer_id,
        max(edges.strength) as weakest_strength
    from edges
    inner join members on edges.left_node = members.node_key
    group by members.customer_id
),

review_sides as (
    select left_customer_id as customer_id from reviews
    union all
    select right_customer_id as customer_id from reviews
),

reviewed as (
    select customer_id
    from review_sides
    group by customer_id
),

final as (
    select
        members.customer_id,
        members.source_relation,
        members.source_table,
        members.source_row_id,
        weakest.weakest_strength,
        clusters.cluster_size,
        coalesce(identifier_counts.identifier_count, 0) as identifier_count,
        reviewed.customer_id is not null as has_open_review,
        clusters.first_ordered_at,
        clusters.first_seen_at,
        as_of.as_of_at
    from members
    cross join as_of
    inner join clusters on members.customer_id = clusters.customer_id
    left join identifier_counts on members.customer_id = identifier_counts.customer_id
    left join weakest on members.customer_id = weakest.customer_id
    left join reviewed on members.customer_id = reviewed.customer_id
    where members.is_seed
)

select * from final
