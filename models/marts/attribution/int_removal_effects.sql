{{ config(access='private') }}

{# What share of ordering paths a channel's removal loses: all that ever visit it. With N the
   expected visits and B the chance to order, that is N(start, c) / N(c, c) × B(c) / B(start),
   equal to solving the chain anew with every step into c lost. Rounded to twelve decimals,
   because a sum of floats depends on its order and equal channels should stay equal. #}

with

walks as (
    select * from {{ ref('int_walks_512') }}
),

transitions as (
    select * from {{ ref('int_transitions') }}
),

order_ratios as (
    select
        replicate,
        customer_type,
        from_state,
        cast(
            sum(case when to_state = '(ordered)' then step_count else 0 end)
            as {{ type_double() }}
        ) / sum(step_count) as order_ratio
    from transitions
    group by replicate, customer_type, from_state
),

states as (
    select
        walks.replicate,
        walks.customer_type,
        walks.from_state as channel,
        sum(case when walks.from_state = walks.to_state then walks.visit_count else 0 end)
            as own_visit_count,
        sum(walks.visit_count * order_ratios.order_ratio) as order_ratio,
        sum(walks.step_ratio) as residual_ratio
    from walks
    inner join order_ratios
        on walks.replicate = order_ratios.replicate
        and walks.customer_type = order_ratios.customer_type
        and walks.to_state = order_ratios.from_state
    group by walks.replicate, walks.customer_type, walks.from_state
),

starts as (
    select
        replicate,
        customer_type,
        order_ratio
    from states
    where channel = '(start)' and order_ratio > 0
),

reached as (
    select
        replicate,
        customer_type,
        to_state as channel,
        visit_count
    from walks
    where from_state = '(start)' and to_state <> '(start)'
),

final as (
    select
        states.replicate,
        states.customer_type,
        states.channel,
        cast(
            reached.visit_count / states.own_visit_count * states.order_ratio / starts.order_ratio
            as decimal(18, 12)
        ) as removal_effect_ratio,
        states.residual_ratio
    from states
    inner join reached
        on states.replicate = reached.replicate
        and states.customer_type = reached.customer_type
        and states.channel = reached.channel
    inner join starts
        on states.replicate = starts.replicate
        and states.customer_type = starts.customer_type
)

select * from final
