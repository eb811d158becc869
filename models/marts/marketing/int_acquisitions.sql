{{ config(access='private') }}

{# A customer's first purchase: what it was won by, its dearest product, how far it was discounted,
   and whether it fell into the sales from Black Friday to Cyber Monday. #}

{%- set weekday = day_of_week('firsts.purchase_date') %}

with

firsts as (
    select
        customer_id,
        order_id,
        gross_merchandise_sales_amount,
        discount_amount,
        purchase_date,
        row_number() over (partition by customer_id order by ordered_at, order_id) as place
    from {{ ref('int_purchases') }}
),

credits as (
    select
        order_id,
        channel,
        row_number() over (
            partition by order_id order by credit_ratio desc, touched_at asc, credit_id asc
        ) as place
    from {{ ref('fct_order_credits') }}
    where attribution_model = '{{ var("margin_attribution_model") }}'
),

order_lines as (
    select
        order_id,
        sku,
        product_type,
        row_number() over (
            partition by order_id
            order by gross_merchandise_sales_amount desc, order_line_id asc
        ) as place
    from {{ ref('fct_order_lines') }}
    where sku is not null and not is_gift_card
),

bands as (
    select * from {{ ref('discount_bands') }}
),

dated as (
    select
        firsts.customer_id,
        firsts.order_id,
        firsts.purchase_date,
        case
            when firsts.gross_merchandise_sales_amount > 0
                then firsts.discount_amount / firsts.gross_merchandise_sales_amount
            else 0
        end as discount_ratio,
        {# The Friday that this day follows by less than a week. #}
        cast(
            {{ dbt.dateadd('day', '-mod(' ~ weekday ~ ' + 2, 7)', 'firsts.purchase_date') }}
            as date
        ) as friday_date,
        mod({{ weekday }} + 2, 7) as days_since_friday
    from firsts
    where firsts.place = 1
),

final as (
    select
        dated.customer_id,
        dated.order_id,
        coalesce(credits.channel, 'unattributed') as channel,
        coalesce(order_lines.sku, 'unknown') as sku,
        coalesce(order_lines.product_type, 'unknown') as product_type,
        coalesce(bands.discount_band, 'unknown') as discount_band,
        case
            when
                dated.days_since_friday <= 3
                and extract(month from dated.friday_date) = 11
                and extract(day from dated.friday_date) between 23 and 29
                then 'Black Friday to Cyber Monday'
            else 'rest of the year'
        end as season,
        dated.purchase_date as first_purchase_date
    from dated
    left join credits
        on dated.order_id = credits.order_id
        and credits.place = 1
    left join order_lines
        on dated.order_id = order_lines.order_id
        and order_lines.place = 1
    left join bands
        on dated.discount_ratio > bands.above_ratio
        and dated.discount_ratio <= bands.up_to_ratio
)

select * from final
