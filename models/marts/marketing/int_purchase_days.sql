{{ config(access='private') }}

{# Two orders of one day are one purchase: they are one decision to buy. #}

with

purchases as (
    select * from {{ ref('int_purchases') }}
),

days as (
    select
        customer_id,
        purchase_date,
        count(*) as order_count,
        cast(sum(purchase_amount) as decimal(18, 4)) as purchase_amount
    from purchases
    group by customer_id, purchase_date
),

final as (
    select
        customer_id,
        row_number() over (partition by customer_id order by purchase_date) as purchase_number,
        cast(order_count as {{ dbt.type_bigint() }}) as order_count,
        purchase_amount,
        purchase_date,
        lag(purchase_date) over (
            partition by customer_id order by purchase_date
        ) as previous_purchase_date
    from days
)

select * from final
