-- Every order is credited wholly and once, by every model.
with

models as (
    select attribution_model
    from {{ ref('fct_order_credits') }}
    group by attribution_model
),

credits as (
    select
        order_id,
        attribution_model,
        sum(credit_ratio) as credit_ratio
    from {{ ref('fct_order_credits') }}
    group by order_id, attribution_model
)

select
    orders.order_id,
    models.attribution_model,
    credits.credit_ratio
from {{ ref('fct_orders') }} as orders
cross join models
left join credits
    on orders.order_id = credits.order_id
    and models.attribution_model = credits.attribution_model
where coalesce(credits.credit_ratio, 0) <> 1
