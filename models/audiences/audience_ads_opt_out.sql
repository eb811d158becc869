{# Whoever may not be told of to an ad platform. She leaves what was delivered by the lane of
   opt-outs; nothing is uploaded of this audience. #}

with

reach as (
    select * from {{ ref('fct_customer_reach') }}
),

final as (
    select
        customer_id,
        ads_block_reason as reason,
        ads_blocked_at as entered_at
    from reach
    where ads_block_reason is not null
)

select * from final
