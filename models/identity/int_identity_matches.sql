with

fits as (
    select * from {{ ref('stg_fits__fits') }}
    where fit_name = 'identity'
),

matches as (
    select * from {{ ref('stg_fits__identity_matches') }}
    where {{ var('probabilistic_identity') | lower }}
),

landed_times as (
    select * from {{ ref('stg_landing__as_of_times') }}
),

nodes as (
    select * from {{ ref('int_identity_nodes') }}
),

as_of as (
    select {{ as_of_at('max(newest_source_at)') }} as as_of_at
    from landed_times
),

-- Each fit replaces the one before, also where it found nothing.
newest_fit as (
    select max(fits.as_of_at) as as_of_at
    from fits
    inner join as_of on fits.as_of_at <= as_of.as_of_at
),

-- Father and son share name and address: whatever the score, a person decides unless birth date or
-- phone agrees. Other first names at one address are a household, unless the birth date agrees.
judged as (
    select
        matches.left_node_key as left_node,
        matches.right_node_key as right_node,
        matches.match_probability,
        matches.match_weight,
        matches.evidence,
        case
            when
                matches.match_probability >= {{ var('match_link_probability') }}
                and matches.has_birth_date_or_phone_agreement
                and not matches.has_first_name_conflict
                then 'link'
            when
                matches.match_probability >= {{ var('match_review_probability') }}
                and (
                    matches.has_birth_date_or_phone_agreement
                    or not matches.has_first_name_conflict
                )
                then 'review'
        end as verdict,
        matches.as_of_at as fitted_at
    from matches
    inner join newest_fit on matches.as_of_at = newest_fit.as_of_at
    inner join nodes as left_nodes on matches.left_node_key = left_nodes.node_key
    inner join nodes as right_nodes on matches.right_node_key = right_nodes.node_key
),

final as (
    select
        left_node,
        right_node,
        evidence,
        verdict,
        match_probability,
        match_weight,
        fitted_at
    from judged
    where verdict is not null
)

select * from final
