{{ config(materialized='ephemeral') }}

with

strong_pairs as (
    select * from {{ ref('int_identity_strong_pairs') }}
    where guard is null
),

weak_pairs as (
    select * from {{ ref('int_identity_weak_pairs') }}
    where guard is null
),

final as (
    select
        left_node,
        right_node,
        rule,
        identifier_type,
        identifier_scope,
        identifier_value,
        strength,
        linked_at
    from strong_pairs
    union all
    select
        left_node,
        right_node,
        rule,
        identifier_type,
        identifier_scope,
        identifier_value,
        strength,
        linked_at
    from weak_pairs
)

select * from final
