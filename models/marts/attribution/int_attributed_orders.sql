{{ config(access='private') }}

{# Orders in the order in which a customer placed them. She is new until one of them counts: one
   that was cancelled, or is no direct business, makes nobody a returning customer. #}

with

orders as (
    select
        order_id,
        customer_id,
        order_date,
        ordered_at,
        case when order_scope = 'dtc' and not is_cancelled then 1 else 0 end as counted_order
    from {{ ref('fct_orders') }}
),

placed as (
    select
        *,
        row_number() over (partition by customer_id order by ordered_at, order_id) as order_place,
        sum(counted_order) over (
            partition by customer_id
            order by ordered_at, order_id
            rows between unbounded preceding and current row
        ) - counted_order as earlier_counted_order_count
    from orders
),

final as (
    select
        order_id,
        customer_id,
        case
            when customer_id is null then 'unknown'
            when earlier_counted_order_count = 0 then 'new'
            else 'returning'
        end as customer_type,
        case when customer_id is not null then order_place end as order_place,
        counted_order,
        order_date,
        ordered_at,
        {{ dbt.dateadd('day', -var('attribution_lookback_days', 30), 'ordered_at') }}
            as lookback_from_at
    from placed
)

select * from final
