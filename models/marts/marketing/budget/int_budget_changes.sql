{{ config(access='private') }}

{# What a move of spend changes in CM3 a week, drawn again and again: returns and elasticities are
   not known exactly. Each draw takes one of equally likely parts of both, in an order that an MD5
   tells (a Latin hypercube), so that every run draws the same. Of a fixed budget all channels'
   moves are one plan. Moves of a quarter, a half, three quarters and the whole are weighed. #}

with

curves as (
    select * from {{ ref('fct_response_curves') }}
    where decision = 'ESTIMATED'
),

numbers as (
    {{ numbers_to(var('budget_replicates')) }}
),

quarters as (
    {{ numbers_to(4) }}
),

placed as (
    select
        curves.*,
        numbers.number as replicate,
        row_number() over (
            partition by curves.channel
            order by
                {{ md5_hex(concat_text(["'return'", 'curves.channel', 'numbers.number'], '|')) }},
                numbers.number
        ) as return_place,
        row_number() over (
            partition by curves.channel
            order by
                {{ md5_hex(concat_text(["'shape'", 'curves.channel', 'numbers.number'], '|')) }},
                numbers.number
        ) as shape_place
    from curves
    cross join numbers
),

chances as (
    select
        *,
        (return_place - 0.5) / {{ var('budget_replicates') }} as return_chance,
        (shape_place - 0.5) / {{ var('budget_replicates') }} as shape_chance
    from placed
),

drawn as (
    select
        channel,
        replicate,
        cast(weekly_sales_amount as {{ type_double() }})
        * exp(return_log_error * {{ normal_quantile('return_chance') }}) as drawn_sales,
        greatest(
            least(
                elasticity + elasticity_error * {{ normal_quantile('shape_chance') }},
                {{ var('response_elasticity_maximum') }}
            ),
            {{ var('response_elasticity_minimum') }}
        ) as drawn_elasticity,
        cm2_ratio
    from chances
),

moves as (
    select
        optima.budget_kind,
        optima.channel,
        quarters.number as quarter_count,
        optima.weekly_spend_amount,
        optima.weekly_spend_amount
        + (optima.capped_spend_amount - optima.weekly_spend_amount) * quarters.number * 0.25
            as spend_amount
    from {{ ref('int_budget_optima') }} as optima
    cross join quarters
    where optima.capped_spend_amount <> optima.weekly_spend_amount
),

changes as (
    select
        moves.budget_kind,
        moves.channel,
        moves.quarter_count,
        drawn.replicate,
        cast(
            drawn.cm2_ratio * (
                {{ sales_at(
                    'moves.spend_amount', 'drawn.drawn_sales', 'moves.weekly_spend_amount',
                    'drawn.drawn_elasticity'
                ) }}
                - drawn.drawn_sales
            )
            - (moves.spend_amount - moves.weekly_spend_amount) as decimal(18, 4)
        ) as cm3_change_amount
    from moves
    inner join drawn
        on moves.channel = drawn.channel
),

summed as (
    select
        budget_kind,
        channel,
        quarter_count,
        replicate,
        cm3_change_amount
    from changes
    union all
    select
        budget_kind,
        'all' as channel,
        quarter_count,
        replicate,
        sum(cm3_change_amount) as cm3_change_amount
    from changes
    where budget_kind = 'fixed'
    group by budget_kind, quarter_count, replicate
),

ranked as (
    select
        *,
        row_number() over (
            partition by budget_kind, channel, quarter_count
            order by cm3_change_amount, replicate
        ) as change_place
    from summed
),

final as (
    select
        budget_kind,
        channel,
        quarter_count,
        {%- for name, chance in [('low_amount', 0.05), ('amount', 0.5), ('high_amount', 0.95)] %}
        cast(
            max(
                case
                    when change_place = ceil({{ var('budget_replicates') }} * {{ chance }})
                        then cm3_change_amount
                end
            ) as decimal(18, 4)
        ) as cm3_change_{{ name }}{{ "," if not loop.last }}
        {%- endfor %}
    from ranked
    group by budget_kind, channel, quarter_count
)

select * from final
