{{ config(access='private') }}

{# Days from one purchase to the next: a customer's own, of a product bought again, of a category,
   of everybody. #}

with

purchase_days as (
    select * from {{ ref('int_purchase_days') }}
),

purchases as (
    select
        order_id,
        customer_id,
        purchase_date
    from {{ ref('int_purchases') }}
),

order_lines as (
    select
        order_id,
        sku,
        product_type
    from {{ ref('fct_order_lines') }}
    where not is_gift_card
),

own as (
    select
        'customer' as gap_level,
        customer_id as gap_key,
        {{ dbt.datediff('previous_purchase_date', 'purchase_date', 'day') }}
            as gap_days
    from purchase_days
    where previous_purchase_date is not null
),

product_days as (
    select
        purchases.customer_id,
        'sku' as gap_level,
        order_lines.sku as gap_key,
        purchases.purchase_date
    from purchases
    inner join order_lines
        on purchases.order_id = order_lines.order_id
    where order_lines.sku is not null
    group by purchases.customer_id, order_lines.sku, purchases.purchase_date
    union all
    select
        purchases.customer_id,
        'product_type' as gap_level,
        order_lines.product_type as gap_key,
        purchases.purchase_date
    from purchases
    inner join order_lines
        on purchases.order_id = order_lines.order_id
    where order_lines.product_type is not null
    group by purchases.customer_id, order_lines.product_type, purchases.purchase_date
),

previous_days as (
    select
        *,
        lag(purchase_date) over (
            partition by customer_id, gap_level, gap_key order by purchase_date
        ) as previous_date
    from product_days
),

gaps as (
    select * from own
    union all
    select
        gap_level,
        gap_key,
        {{ dbt.datediff('previous_date', 'purchase_date', 'day') }}
            as gap_days
    from previous_days
    where previous_date is not null
    union all
    select
        'all' as gap_level,
        'all' as gap_key,
        gap_days
    from own
),

final as (
    select
        gap_level,
        gap_key,
        cast(count(*) as {{ dbt.type_bigint() }}) as gap_count,
        cast({{ median('gap_days') }} as decimal(18, 4)) as median_gap_days
    from gaps
    group by gap_level, gap_key
)

select * from final
