{{ config(access='private') }}

{# Orders with a creator's code, and whether the order shows that the code leaked: its customer came
   from a coupon site, or she never clicked the creator's link and the code's orders of the day are
   many times the median of its seven days before, though the creator posted nothing that would
   explain it. #}

with

codes as (
    select
        source_relation || ':' || creator_id as creator_id,
        discount_code,
        valid_from,
        valid_to
    from {{ ref('stg_creators__codes') }}
),

orders as (
    select
        order_id,
        source_relation,
        shopify_order_id,
        order_date,
        ordered_at
    from {{ ref('fct_orders') }}
    where order_scope = 'dtc'
),

order_codes as (
    select
        source_relation,
        shopify_order_id,
        upper(trim(discount_code)) as discount_code
    from {{ ref('stg_shopify__order_discount_codes') }}
),

coupon_sites as (
    select * from {{ ref('coupon_sites') }}
),

referrers as (
    select
        shop_orders.source_relation,
        shop_orders.shopify_order_id,
        coupon_sites.site_domain
    from {{ ref('stg_shopify__orders') }} as shop_orders
    inner join coupon_sites
        on {{ url_domain('shop_orders.referrer_url') }} = coupon_sites.site_domain
),

clicks as (
    select * from {{ ref('int_creator_clicks') }}
),

code_orders as (
    select
        orders.order_id,
        orders.source_relation,
        orders.shopify_order_id,
        codes.creator_id,
        orders.order_date,
        min(codes.discount_code) as discount_code
    from orders
    inner join order_codes
        on orders.source_relation = order_codes.source_relation
        and orders.shopify_order_id = order_codes.shopify_order_id
    inner join codes
        on order_codes.discount_code = codes.discount_code
        and orders.ordered_at >= codes.valid_from
        and (codes.valid_to is null or orders.ordered_at < codes.valid_to)
    group by
        orders.order_id, orders.source_relation, orders.shopify_order_id, codes.creator_id,
        orders.order_date
),

code_days as (
    select
        discount_code,
        order_date,
        count(*) as order_count
    from code_orders
    group by discount_code, order_date
),

earlier_days as (
    select
        code_days.discount_code,
        code_days.order_date,
        coalesce(earlier.order_count, 0) as earlier_order_count,
        row_number() over (
            partition by code_days.discount_code, code_days.order_date
            order by coalesce(earlier.order_count, 0), numbers.number
        ) as count_rank
    from code_days
    cross join ({{ numbers_to(7) }}) as numbers
    left join code_days as earlier
        on code_days.discount_code = earlier.discount_code
        and earlier.order_date
        = cast({{ dbt.dateadd('day', '-numbers.number', 'code_days.order_date') }} as date)
),

post_days as (
    select
        source_relation || ':' || creator_id as creator_id,
        {{ shop_date('posted_at') }} as post_date
    from {{ ref('stg_creators__posts') }}
    group by source_relation || ':' || creator_id, {{ shop_date('posted_at') }}
),

explained_days as (
    select
        code_orders.creator_id,
        code_orders.order_date
    from code_orders
    inner join post_days
        on code_orders.creator_id = post_days.creator_id
        and code_orders.order_date >= post_days.post_date
        and code_orders.order_date
        <= cast({{ dbt.dateadd('day', var('creator_post_days'), 'post_days.post_date') }} as date)
    group by code_orders.creator_id, code_orders.order_date
),

bursts as (
    select
        code_days.discount_code,
        code_days.order_date
    from code_days
    inner join earlier_days
        on code_days.discount_code = earlier_days.discount_code
        and code_days.order_date = earlier_days.order_date
        and earlier_days.count_rank = 4
    where
        code_days.order_count
        > {{ var('creator_burst_multiple') }} * greatest(earlier_days.earlier_order_count, 1)
),

final as (
    select
        code_orders.order_id,
        code_orders.creator_id,
        code_orders.discount_code,
        referrers.site_domain as coupon_site_domain,
        bursts.discount_code is not null
        and explained_days.creator_id is null as is_in_burst,
        clicks.creator_id is not null as has_clicked,
        referrers.site_domain is not null
        or (
            bursts.discount_code is not null
            and explained_days.creator_id is null
            and clicks.creator_id is null
        ) as is_leaked,
        code_orders.order_date
    from code_orders
    left join referrers
        on code_orders.source_relation = referrers.source_relation
        and code_orders.shopify_order_id = referrers.shopify_order_id
    left join bursts
        on code_orders.discount_code = bursts.discount_code
        and code_orders.order_date = bursts.order_date
    left join explained_days
        on code_orders.creator_id = explained_days.creator_id
        and code_orders.order_date = explained_days.order_date
    left join clicks
        on code_orders.order_id = clicks.order_id
        and code_orders.creator_id = clicks.creator_id
)

select * from final
