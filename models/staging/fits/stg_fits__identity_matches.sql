with

source as (
    select * from {{ source('fits', 'identity_match') }}
),

final as (
    select
        left_node_key,
        right_node_key,
        evidence,
        match_probability,
        match_weight,
        person_probability,
        as_of_at
    from source
)

select * from final
