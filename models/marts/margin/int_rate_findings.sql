{{ config(access='private') }}

{# What is odd about the rates. Where a test stops the build for it, the rows are here all the same:
   this model reads less than those tests do, so that dbt does not skip it when they fail. #}

with

orders as (
    select * from {{ ref('int_orders') }}
),

refund_lines as (
    select * from {{ ref('int_refund_lines') }}
),

exchange_rates as (
    select * from {{ ref('stg_costs__exchange_rates') }}
    where to_currency = '{{ var("reporting_currency") }}'
),

dated_rates as (
    select
        'payment_fee_rates:' || fee_type || '/' || gateway || '/' || currency as rate_key,
        valid_from,
        valid_to
    from {{ ref('payment_fee_rates') }}
    union all
    select
        'fulfilment_rates:' || rate_type || '/' || currency as rate_key,
        valid_from,
        valid_to
    from {{ ref('fulfilment_rates') }}
    union all
    select
        'marketplace_fee_rates:' || sales_channel || '/' || fee_type || '/' || currency as rate_key,
        valid_from,
        valid_to
    from {{ ref('marketplace_fee_rates') }}
),

following_rates as (
    select
        rate_key,
        valid_from,
        valid_to,
        lead(valid_from) over (
            partition by rate_key order by valid_from, valid_to
        ) as next_valid_from
    from dated_rates
),

overlapping_keys as (
    select
        rate_key,
        next_valid_from
    from following_rates
    where
        next_valid_from is not null
        and (valid_to is null or valid_to > next_valid_from)
    group by rate_key, next_valid_from
),

several_rates as (
    select
        from_currency,
        rate_date,
        min(source_relation) as source_relation
    from exchange_rates
    group by from_currency, rate_date
    having min(exchange_rate) <> max(exchange_rate)
),

findings as (
    select
        'currency_without_rate' as finding,
        order_id,
        'order:' || order_id as source_row,
        'No exchange rate for ' || coalesce(currency, 'an order without a currency')
        || ' on the day of the order: it is left out of every sum. Land its rate.' as reason,
        order_date as found_date
    from orders
    where exchange_rate is null or minor_unit_digits is null
    union all
    select
        'currency_without_rate' as finding,
        order_id,
        'refund_line:' || refund_line_id as source_row,
        'No exchange rate for ' || coalesce(currency, 'a refund without a currency')
        || ' on the day of the refund: it is left out of sums. Land its rate.' as reason,
        refund_date as found_date
    from refund_lines
    where refund_amount is null or refund_paid_amount is null
    union all
    select
        'overlapping_rate' as finding,
        cast(null as {{ dbt.type_string() }}) as order_id,
        rate_key as source_row,
        'Two rates of one key hold from this day on: both would count. End one in the seed.'
            as reason,
        next_valid_from as found_date
    from overlapping_keys
    union all
    select
        'overlapping_rate' as finding,
        cast(null as {{ dbt.type_string() }}) as order_id,
        'exchange_rate:' || from_currency || '/' || cast(rate_date as {{ dbt.type_string() }})
            as source_row,
        'Sources disagree about the exchange rate of the day. That of ' || source_relation
        || ' counts.' as reason,
        rate_date as found_date
    from several_rates
),

final as (
    select
        finding,
        order_id,
        cast(null as {{ dbt.type_string() }}) as order_line_id,
        source_row,
        cast(null as decimal(18, 4)) as amount,
        reason,
        found_date
    from findings
)

select * from final
