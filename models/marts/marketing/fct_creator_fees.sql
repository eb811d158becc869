{# A person's word outweighs the check's as long as the post is the one she saw. A flat fee waits
   for all agreed posts, a fee per post for its own. #}

with

contracts as (
    select * from {{ ref('stg_creators__contracts') }}
    where fee_amount is not null
),

reviews as (
    select * from {{ ref('stg_creators__post_reviews') }}
),

checks as (
    select * from {{ ref('fct_disclosure_checks') }}
    where contract_id is not null
),

ranked_reviews as (
    select
        source_relation || ':' || creator_post_id as post_id,
        decision,
        reviewed_at,
        row_number() over (
            partition by source_relation, creator_post_id
            order by reviewed_at desc, decision desc
        ) as review_rank
    from reviews
),

newest_reviews as (
    select
        post_id,
        decision,
        reviewed_at
    from ranked_reviews
    where review_rank = 1
),

cleared_posts as (
    select
        checks.contract_id,
        case
            when newest_reviews.decision = 'disclosed' then 'cleared'
            when newest_reviews.decision is not null then 'blocked'
            when checks.verdict = 'PASS' then 'cleared'
            when checks.verdict = 'FAIL' then 'blocked'
            else 'unread'
        end as clearance
    from checks
    left join newest_reviews
        on
        checks.post_id = newest_reviews.post_id
        and newest_reviews.reviewed_at >= coalesce(checks.edited_at, checks.posted_at)
),

post_counts as (
    select
        contract_id,
        count(*) as post_count,
        sum(case when clearance = 'cleared' then 1 else 0 end) as cleared_post_count,
        sum(case when clearance = 'blocked' then 1 else 0 end) as blocked_post_count,
        sum(case when clearance = 'unread' then 1 else 0 end) as unread_post_count
    from cleared_posts
    group by contract_id
),

counted as (
    select
        contracts.source_relation || ':' || contracts.creator_contract_id as contract_id,
        contracts.source_relation || ':' || contracts.creator_id as creator_id,
        contracts.source_relation,
        contracts.fee_type,
        contracts.currency,
        contracts.fee_amount,
        coalesce(contracts.agreed_post_count, 1) as agreed_post_count,
        coalesce(post_counts.post_count, 0) as post_count,
        coalesce(post_counts.cleared_post_count, 0) as cleared_post_count,
        coalesce(post_counts.blocked_post_count, 0) as blocked_post_count,
        coalesce(post_counts.unread_post_count, 0) as unread_post_count
    from contracts
    left join post_counts
        on contracts.source_relation || ':' || contracts.creator_contract_id
        = post_counts.contract_id
),

owed as (
    select
        contract_id,
        creator_id,
        source_relation,
        fee_type,
        currency,
        agreed_post_count,
        post_count,
        cleared_post_count,
        blocked_post_count,
        unread_post_count,
        case
            when fee_type = 'per_post' then fee_amount * agreed_post_count
            else fee_amount
        end as fee_contract_amount,
        case
            when fee_type = 'per_post'
                then fee_amount * least(cleared_post_count, agreed_post_count)
            when cleared_post_count >= agreed_post_count and cleared_post_count = post_count
                then fee_amount
            else 0
        end as due_contract_amount
    from counted
),

final as (
    select
        contract_id,
        creator_id,
        source_relation,
        fee_type,
        case
            when due_contract_amount = fee_contract_amount then 'due'
            when blocked_post_count > 0 then 'blocked'
            when unread_post_count > 0 then 'waits_for_review'
            else 'waits_for_posts'
        end as fee_state,
        currency,
        cast(agreed_post_count as {{ dbt.type_bigint() }}) as agreed_post_count,
        cast(post_count as {{ dbt.type_bigint() }}) as post_count,
        cast(cleared_post_count as {{ dbt.type_bigint() }}) as cleared_post_count,
        cast(blocked_post_count as {{ dbt.type_bigint() }}) as blocked_post_count,
        cast(unread_post_count as {{ dbt.type_bigint() }}) as unread_post_count,
        cast(fee_contract_amount as decimal(18, 4)) as fee_contract_amount,
        cast(due_contract_amount as decimal(18, 4)) as due_contract_amount,
        cast(fee_contract_amount - due_contract_amount as decimal(18, 4)) as held_contract_amount
    from owed
)

select * from final
