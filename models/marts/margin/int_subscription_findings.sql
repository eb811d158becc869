{{ config(access='private') }}

{# What is odd about subscription charges. Margin takes its money from orders, so none of it moves a
   margin; it moves which orders, cycles and amounts count as a subscription's. #}

with

charges as (
    select * from {{ ref('int_subscription_charges') }}
),

findings as (
    select
        'charge_without_order' as finding,
        subscription_charge_id,
        order_id,
        charge_amount as amount,
        'The charge was paid and names no order that is there. Its cycle counts, but no order is'
        || ' known as its own. Land the order, if there is one.' as reason,
        charge_date as found_date
    from charges
    where is_paid and order_id is null
    union all
    select
        'charge_without_subscription' as finding,
        subscription_charge_id,
        order_id,
        charge_amount as amount,
        'The charge bills a subscription that is not there. It counts for none. Land the'
        || ' subscription.' as reason,
        charge_date as found_date
    from charges
    where subscription_id is null
    union all
    select
        'cycle_charged_twice' as finding,
        subscription_charge_id,
        order_id,
        charge_amount as amount,
        'The subscription was paid once more for a day that is paid already. The cycle counts'
        || ' once, the money of both.' as reason,
        charge_date as found_date
    from charges
    where is_cycle_repeated
    union all
    select
        'charge_without_rate' as finding,
        subscription_charge_id,
        order_id,
        cast(null as decimal(18, 4)) as amount,
        'No exchange rate for ' || coalesce(currency, 'a charge without a currency')
        || ' on the day of the charge: it is left out of every sum. Land its rate, or the shop.'
            as reason,
        charge_date as found_date
    from charges
    where charge_amount is null
),

final as (
    select
        finding,
        order_id,
        cast(null as {{ dbt.type_string() }}) as order_line_id,
        'subscription_charge:' || subscription_charge_id as source_row,
        amount,
        reason,
        found_date
    from findings
)

select * from final
