{# What ties a post's creator to the brand when she posts: the contract that the post names, else
   her newest one whose term holds the moment. #}

with

posts as (
    select * from {{ ref('stg_creators__posts') }}
),

contracts as (
    select * from {{ ref('stg_creators__contracts') }}
),

ties as (
    select
        posts.source_relation,
        posts.creator_post_id,
        contracts.creator_contract_id,
        contracts.relationship,
        row_number() over (
            partition by posts.source_relation, posts.creator_post_id
            order by contracts.starts_at desc, contracts.creator_contract_id asc
        ) as tie_rank
    from posts
    inner join contracts
        on
        posts.source_relation = contracts.source_relation
        and posts.creator_id = contracts.creator_id
        and (
            posts.creator_contract_id = contracts.creator_contract_id
            or (
                posts.creator_contract_id is null
                and posts.posted_at >= contracts.starts_at
                and (contracts.ends_at is null or posts.posted_at < contracts.ends_at)
            )
        )
),

final as (
    select
        posts.source_relation || ':' || posts.creator_post_id as post_id,
        posts.source_relation || ':' || posts.creator_id as creator_id,
        posts.source_relation || ':' || ties.creator_contract_id as contract_id,
        posts.source_relation,
        ties.relationship,
        posts.platform,
        {{ regexp_first_group('posts.caption_language', '^([a-z]+)') }} as caption_language,
        posts.media_type,
        posts.caption,
        posts.has_platform_label,
        posts.has_spoken_disclosure,
        posts.has_on_screen_disclosure,
        posts.posted_at,
        posts.edited_at
    from posts
    left join ties
        on
        posts.source_relation = ties.source_relation
        and posts.creator_post_id = ties.creator_post_id
        and ties.tie_rank = 1
)

select * from final
