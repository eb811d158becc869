{# Who may be suppressed, and how many, is decided where lists are judged; whoever is kept at random is
   not among them. Nobody is suppressed without a person's approval. #}

with

recommendations as (
    select * from {{ ref('fct_sunset_recommendations') }}
    where decision = 'suppress'
),

final as (
    select
        profile_id,
        reason_code as reason,
        as_of_at as entered_at
    from recommendations
)

select * from final
