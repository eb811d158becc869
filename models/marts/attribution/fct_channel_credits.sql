{# What each model says a channel brought, with the interval of a bootstrap over people: nearest
   ranks at 5 and 95 %, a replicate without the channel counting zero. #}
{%- set replicates = var('attribution_replicates', 200) %}
{%- set low_place = replicates + 1 - (replicates * 0.05) | round(0, 'ceil') | int %}
{%- set high_place = replicates + 1 - (replicates * 0.95) | round(0, 'ceil') | int %}

with

channel_credits as (
    select * from {{ ref('int_channel_credit_replicates') }}
),

removal_effects as (
    select * from {{ ref('int_removal_effects') }}
    where replicate = 0
),

points as (
    select
        customer_type,
        attribution_model,
        channel,
        credit_unit_count
    from channel_credits
    where replicate = 0
),

ranked as (
    select
        customer_type,
        attribution_model,
        channel,
        credit_unit_count,
        row_number() over (
            partition by customer_type, attribution_model, channel
            order by credit_unit_count desc, replicate asc
        ) as place_from_top
    from channel_credits
    where replicate > 0
),

{# Zeros are not there to be ranked: they would stand below all others. #}
bounds as (
    select
        customer_type,
        attribution_model,
        channel,
        max(case when place_from_top = {{ low_place }} then credit_unit_count end)
            as low_unit_count,
        max(case when place_from_top = {{ high_place }} then credit_unit_count end)
            as high_unit_count
    from ranked
    group by customer_type, attribution_model, channel
),

final as (
    select
        {{ concat_text(
            ['points.attribution_model', 'points.customer_type', 'points.channel'], ':'
        ) }} as channel_credit_id,
        points.attribution_model,
        points.customer_type,
        points.channel,
        {%- for column, units in {
            'credited_order_count': 'points.credit_unit_count',
            'credited_order_low_count': 'coalesce(bounds.low_unit_count, 0)',
            'credited_order_high_count': 'coalesce(bounds.high_unit_count, 0)',
        }.items() %}
        cast(cast({{ units }} as decimal(18, 0)) * 0.000001 as decimal(18, 6)) as {{ column }},
        {%- endfor %}
        case
            when points.attribution_model in ('markov_order', 'markov_aggregate')
                then cast(removal_effects.removal_effect_ratio as decimal(9, 6))
        end as removal_effect_ratio
    from points
    left join bounds
        on points.customer_type = bounds.customer_type
        and points.attribution_model = bounds.attribution_model
        and points.channel = bounds.channel
    left join removal_effects
        on points.customer_type = removal_effects.customer_type
        and points.channel = removal_effects.channel
)

select * from final
