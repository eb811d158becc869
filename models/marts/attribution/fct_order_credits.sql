{# Credits are millionths, shared out by largest remainder: an order's sum to exactly 1 in every
   model. Which touches count, and what each weighs, is told by the models before this one. #}

with

orders as (
    select * from {{ ref('int_attributed_orders') }}
),

touches as (
    select * from {{ ref('fct_touches') }}
),

credit_weights as (
    select * from {{ ref('int_credit_weights') }}
),

attribution_models as (
    select * from {{ ref('attribution_models') }}
    where is_per_order
),

shared as (
    {{ share_out(
        relation='credit_weights',
        parent=['attribution_model', 'order_id'],
        child='touch_id',
        weight='credit_weight',
        units="cast(1000000 as " ~ type_wide_integer() ~ ")",
        keep=['attribution_model', 'order_id', 'touch_id']
    ) }}
),

credited as (
    select
        shared.attribution_model,
        shared.order_id,
        shared.touch_id,
        touches.channel,
        touches.campaign_id,
        touches.ad_id,
        cast(cast(shared.shared_unit_count as decimal(18, 0)) * 0.000001 as decimal(9, 6))
            as credit_ratio,
        touches.touched_at
    from shared
    inner join touches
        on shared.touch_id = touches.touch_id
    where shared.shared_unit_count > 0
),

final as (
    select
        {{ md5_hex(concat_text(
            ['attribution_models.attribution_model', 'orders.order_id', 'credited.touch_id'], '|'
        )) }} as credit_id,
        orders.order_id,
        credited.touch_id,
        attribution_models.attribution_model,
        coalesce(credited.channel, 'unattributed') as channel,
        credited.campaign_id,
        credited.ad_id,
        coalesce(credited.credit_ratio, cast(1 as decimal(9, 6))) as credit_ratio,
        orders.order_date,
        credited.touched_at,
        orders.ordered_at
    from orders
    cross join attribution_models
    left join credited
        on orders.order_id = credited.order_id
        and attribution_models.attribution_model = credited.attribution_model
)

select * from final
