{# The cart a customer touched last. A checkout knows the value of the whole cart; before one
   starts the cart is worth what was added to it. #}

with

identity_map as (
    select * from {{ ref('identity_map') }}
),

web_events as (
    select * from {{ ref('stg_web__events') }}
    where event_name in ('add_to_cart', 'product_added', 'checkout_started')
),

checkouts as (
    select * from {{ ref('stg_shopify__abandoned_checkouts') }}
),

exchange_rates as (
    select * from {{ ref('int_exchange_rates_daily') }}
),

moves as (
    select
        source_relation,
        coalesce(cart_token, checkout_token, anonymous_id) as cart_id,
        'anonymous_id' as record_type,
        anonymous_id as record_id,
        {{ normalise_email_for_matching('email') }} as matching_email,
        currency,
        case when event_name <> 'checkout_started' then value_amount * coalesce(quantity, 1) end
            as added_amount,
        case when event_name = 'checkout_started' then value_amount end as checkout_amount,
        occurred_at
    from web_events
    union all
    select
        source_relation,
        coalesce(cart_token, checkout_token) as cart_id,
        'shopify_customer_id' as record_type,
        cast(shopify_customer_id as {{ dbt.type_string() }}) as record_id,
        {{ normalise_email_for_matching('email') }} as matching_email,
        currency,
        cast(null as decimal(18, 4)) as added_amount,
        subtotal_amount as checkout_amount,
        coalesce(updated_at, created_at) as occurred_at
    from checkouts
),

resolved as (
    select
        coalesce(record.customer_id, email.customer_id) as customer_id,
        moves.source_relation,
        moves.cart_id,
        moves.currency,
        moves.added_amount,
        moves.checkout_amount,
        moves.occurred_at
    from moves
    left join identity_map as record
        on moves.record_type = record.identifier_type
        and moves.source_relation = record.identifier_scope
        and moves.record_id = record.identifier_value
    left join identity_map as email
        on moves.matching_email = email.identifier_value
        and email.identifier_type = 'email'
),

carts as (
    select
        customer_id,
        source_relation,
        cart_id,
        max(currency) as currency,
        coalesce(max(checkout_amount), sum(added_amount)) as cart_value_amount,
        max(occurred_at) as last_cart_at
    from resolved
    where customer_id is not null
    group by customer_id, source_relation, cart_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by customer_id
            order by last_cart_at desc, source_relation asc, cart_id asc
        ) as place
    from carts
),

converted as (
    select
        ranked.customer_id,
        ranked.last_cart_at,
        ranked.cart_value_amount * case
            when ranked.currency = '{{ var("reporting_currency") }}' then 1
            else exchange_rates.exchange_rate
        end as exact_value_amount
    from ranked
    left join exchange_rates
        on ranked.currency = exchange_rates.currency
        and cast(ranked.last_cart_at as date) = exchange_rates.rate_date
    where ranked.place = 1
),

final as (
    select
        customer_id,
        {{ round_half_even('exact_value_amount', 4) }} as last_cart_value_amount,
        last_cart_at
    from converted
)

select * from final
