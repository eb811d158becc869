{{ config(access='private') }}

{# What each touch of an order weighs in each model, in whole numbers: only their proportion counts.
   Channels that visit twice share what their channel gets; a common multiple of all path lengths
   keeps that exact. #}
{%- set wide = type_wide_integer() %}
{%- set whole = least_common_multiple(var('attribution_touches_maximum', 20)) %}
{%- set half_life_seconds = var('attribution_half_life_days', 7) * 86400 %}

with

path_touches as (
    select
        *,
        sum(case when is_in_path then 1 else 0 end) over (
            partition by path_id, channel
        ) as channel_touch_count
    from {{ ref('int_path_touches') }}
    where path_outcome = 'ordered'
),

removal_effects as (
    select * from {{ ref('int_removal_effects') }}
    where replicate = 0
),

orders as (
    select * from {{ ref('int_attributed_orders') }}
),

attribution_models as (
    select * from {{ ref('attribution_models') }}
    where is_per_order
),

measured as (
    select
        path_touches.order_id,
        path_touches.touch_id,
        path_touches.path_place,
        path_touches.path_length,
        path_touches.is_last_touch,
        path_touches.is_in_path,
        case
            when path_touches.is_in_path
                then {{ integer_quotient(
                    "cast(" ~ whole ~ " as " ~ wide ~ ")",
                    "cast(path_touches.channel_touch_count as " ~ wide ~ ")"
                ) }}
        end as channel_weight,
        cast(removal_effects.removal_effect_ratio * 1000000000000 as {{ wide }})
            as removal_weight,
        cast(
            round(
                1000000000000 * power(
                    cast(2 as {{ type_double() }}),
                    -{{ dbt.datediff('path_touches.touched_at', 'orders.ordered_at', 'second') }}
                    / cast({{ half_life_seconds }} as {{ type_double() }})
                )
            ) as {{ wide }}
        ) as decay_weight
    from path_touches
    inner join orders
        on path_touches.order_id = orders.order_id
    left join removal_effects
        on path_touches.customer_type = removal_effects.customer_type
        and path_touches.channel = removal_effects.channel
),

weighed as (
    select
        attribution_models.attribution_model,
        measured.order_id,
        measured.touch_id,
        case attribution_models.attribution_model
            when 'last_touch' then case when measured.is_last_touch then 1 else 0 end
            when 'first_touch' then case when measured.path_place = 1 then 1 else 0 end
            when 'last_non_direct'
                then case when measured.path_place = measured.path_length then 1 else 0 end
            when 'linear' then 1
            when 'time_decay' then measured.decay_weight
            when 'position_based'
                then
                    case
                        when measured.path_length <= 2 then 1
                        when measured.path_place in (1, measured.path_length)
                            then 2 * (measured.path_length - 2)
                        else 1
                    end
            when 'shapley' then measured.channel_weight
            when 'markov_order' then measured.channel_weight * measured.removal_weight
        end as credit_weight
    from measured
    cross join attribution_models
    where measured.is_in_path or attribution_models.attribution_model = 'last_touch'
),

final as (
    select
        attribution_model,
        order_id,
        touch_id,
        cast(credit_weight as {{ wide }}) as credit_weight
    from weighed
    where credit_weight > 0
)

select * from final
