{{ config(access='private') }}

{# What an offer sold by day through a way of being found: ads and free listings apart, for they are
   not to be summed. Only days on which it could be bought count: in the feed, in stock, no grave
   issue at noon. #}

with

offers as (
    select * from {{ ref('int_feed_offers') }}
    where not is_orphan and sku is not null
),

views as (
    select
        source_relation || ':' || offer_id as feed_offer_id,
        pulled_date
    from {{ ref('stg_google_merchant__product_views') }}
    where availability = 'in_stock'
),

contexts as (
    select
        'SHOPPING_ADS' as reporting_context,
        'google_ads' as channel
    union all
    select
        'FREE_LISTINGS' as reporting_context,
        'organic_shopping' as channel
),

ill as (
    select
        feed_offer_id,
        reporting_context,
        valid_from,
        valid_to
    from {{ ref('feed_item_status') }}
    where severity in ('S0', 'S1', 'S2')
),

ill_days as (
    select
        views.feed_offer_id,
        ill.reporting_context,
        views.pulled_date
    from views
    inner join ill
        on views.feed_offer_id = ill.feed_offer_id
        and views.pulled_date >= cast(ill.valid_from as date)
        and (ill.valid_to is null or views.pulled_date <= cast(ill.valid_to as date))
    group by views.feed_offer_id, ill.reporting_context, views.pulled_date
),

sales as (
    select
        lines.sku,
        credits.channel,
        lines.order_date,
        cast(
            sum({{ round_half_even(
                'cast(lines.net_merchandise_sales_amount as decimal(18, 4))'
                ~ ' * cast(credits.credit_ratio as decimal(9, 6))', 4
            ) }}) as decimal(18, 4)
        ) as sales_amount
    from {{ ref('fct_order_lines') }} as lines
    inner join {{ ref('fct_order_credits') }} as credits
        on lines.order_id = credits.order_id
        and credits.attribution_model = '{{ var("margin_attribution_model") }}'
        and credits.channel in ('google_ads', 'organic_shopping')
    group by lines.sku, credits.channel, lines.order_date
),

final as (
    select
        offers.feed_offer_id,
        offers.sku,
        contexts.reporting_context,
        coalesce(sales.sales_amount, 0) as sales_amount,
        views.pulled_date as feed_date
    from offers
    cross join contexts
    inner join views
        on offers.feed_offer_id = views.feed_offer_id
    left join ill_days
        on offers.feed_offer_id = ill_days.feed_offer_id
        and contexts.reporting_context = ill_days.reporting_context
        and views.pulled_date = ill_days.pulled_date
    left join sales
        on offers.sku = sales.sku
        and contexts.channel = sales.channel
        and views.pulled_date = sales.order_date
    where ill_days.pulled_date is null
)

select * from final
