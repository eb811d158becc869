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

-- Two questions, two limits: one person or two strangers, and one person or two of a household.
-- Twins, father and son pass the first; where the second is open a person decides, and where two
-- relatives are the likelier answer it is nobody's question.
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
                and matches.person_probability >= {{ var('person_link_probability') }}
                then 'link'
            when
                matches.match_probability >= {{ var('match_review_probability') }}
                and matches.person_probability >= {{ var('person_review_probability') }}
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
