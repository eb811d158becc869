-- What the graph would not decide alone. A person answers with a link, an unlink or a block by
-- hand, or by leaving it.
with

stops as (
    select * from {{ ref('int_identity_stops') }}
    where guard in ('component_size', 'conflict_veto')
),

matches as (
    select * from {{ ref('int_identity_matches') }}
    where verdict = 'review'
),

members as (
    select
        node_key,
        customer_id
    from {{ ref('int_identity_members') }}
),

instructions as (
    select * from {{ ref('int_identity_instructions') }}
    where left_node is not null
),

pairs as (
    select
        guard as review_kind,
        left_node,
        right_node,
        reason,
        cast(null as decimal(9, 6)) as match_probability,
        linked_at as raised_at
    from stops
    union all
    select
        'probable_match' as review_kind,
        left_node,
        right_node,
        evidence as reason,
        cast(match_probability as decimal(9, 6)) as match_probability,
        fitted_at as raised_at
    from matches
),

open_pairs as (
    select
        pairs.review_kind,
        left_members.customer_id as left_customer_id,
        right_members.customer_id as right_customer_id,
        pairs.left_node,
        pairs.right_node,
        pairs.reason,
        pairs.match_probability,
        pairs.raised_at,
        row_number() over (
            partition by
                pairs.review_kind,
                least(left_members.customer_id, right_members.customer_id),
                greatest(left_members.customer_id, right_members.customer_id)
            order by
                pairs.match_probability desc,
                pairs.raised_at asc,
                pairs.left_node asc,
                pairs.right_node asc
        ) as place
    from pairs
    inner join members as left_members on pairs.left_node = left_members.node_key
    inner join members as right_members on pairs.right_node = right_members.node_key
    left join instructions
        on (
            pairs.left_node = instructions.left_node
            and pairs.right_node = instructions.right_node
        )
        or (
            pairs.left_node = instructions.right_node
            and pairs.right_node = instructions.left_node
        )
    where
        left_members.customer_id <> right_members.customer_id
        and instructions.instruction_id is null
),

final as (
    select
        review_kind,
        left_customer_id,
        right_customer_id,
        left_node as left_node_key,
        right_node as right_node_key,
        reason,
        match_probability,
        raised_at
    from open_pairs
    where place = 1
)

select * from final
