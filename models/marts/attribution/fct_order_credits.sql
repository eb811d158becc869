{# Last non-direct: the newest touch that is not direct, within the lookback and after the previous
   order of the customer; a direct one only where there is no other. #}

with

orders as (
    select
        order_id,
        customer_id,
        order_date,
        ordered_at,
        {{ dbt.dateadd('day', -var('attribution_lookback_days', 30), 'ordered_at') }}
            as lookback_from_at,
        lag(ordered_at) over (
            partition by customer_id order by ordered_at, order_id
        ) as previous_ordered_at
    from {{ ref('fct_orders') }}
),

touches as (
    select * from {{ ref('fct_touches') }}
),

candidates as (
    select
        orders.order_id,
        touches.touch_id,
        touches.channel,
        touches.campaign_id,
        touches.ad_id,
        touches.touched_at,
        row_number() over (
            partition by orders.order_id
            order by
                case when touches.channel = 'direct' then 1 else 0 end asc,
                touches.touched_at desc,
                touches.touch_id asc
        ) as touch_rank
    from orders
    inner join touches
        on orders.customer_id = touches.customer_id
        and orders.ordered_at >= touches.touched_at
        and orders.lookback_from_at <= touches.touched_at
        and (
            orders.previous_ordered_at is null
            or orders.previous_ordered_at < touches.touched_at
        )
),

final as (
    select
        {{ md5_hex(concat_text(
            ["'last_non_direct'", 'orders.order_id', 'candidates.touch_id'], '|'
        )) }} as credit_id,
        orders.order_id,
        candidates.touch_id,
        'last_non_direct' as attribution_model,
        coalesce(candidates.channel, 'unattributed') as channel,
        candidates.campaign_id,
        candidates.ad_id,
        cast(1 as decimal(9, 6)) as credit_ratio,
        orders.order_date,
        candidates.touched_at,
        orders.ordered_at
    from orders
    left join candidates
        on orders.order_id = candidates.order_id
        and candidates.touch_rank = 1
)

select * from final
