{{ config(access='private') }}

{# What is left in CM2 of one unit of what customers buy, by first channel and category, drawn to
   the mean of all as if lifetime_margin_pseudo_purchases more had left that mean. All CM2 counts,
   orders that came back whole too: Gamma-Gamma is of purchases that stayed. #}

with

acquisitions as (
    select
        customer_id,
        channel,
        product_type
    from {{ ref('int_acquisitions') }}
),

purchases as (
    select
        customer_id,
        count(*) as purchase_count,
        sum(purchase_amount) as purchase_amount
    from {{ ref('int_purchase_days') }}
    group by customer_id
),

margins as (
    select
        customer_id,
        sum(cm2_expected_amount) as cm2_expected_amount
    from {{ ref('int_margin_entries') }}
    group by customer_id
),

sums as (
    select
        acquisitions.channel,
        acquisitions.product_type,
        sum(purchases.purchase_count) as purchase_count,
        sum(purchases.purchase_amount) as purchase_amount,
        sum(coalesce(margins.cm2_expected_amount, 0)) as cm2_expected_amount
    from acquisitions
    inner join purchases
        on acquisitions.customer_id = purchases.customer_id
    left join margins
        on acquisitions.customer_id = margins.customer_id
    group by acquisitions.channel, acquisitions.product_type
),

totals as (
    select
        sum(purchase_amount) as purchase_amount,
        sum(purchase_count) as purchase_count,
        sum(cm2_expected_amount) as cm2_expected_amount
    from sums
),

final as (
    select
        sums.channel,
        sums.product_type,
        cast(sums.purchase_count as {{ dbt.type_bigint() }}) as purchase_count,
        cast(
            (
                cast(sums.cm2_expected_amount as {{ type_double() }})
                + {{ var('lifetime_margin_pseudo_purchases') }}
                * cast(totals.cm2_expected_amount as {{ type_double() }}) / totals.purchase_count
            ) / (
                cast(sums.purchase_amount as {{ type_double() }})
                + {{ var('lifetime_margin_pseudo_purchases') }}
                * cast(totals.purchase_amount as {{ type_double() }}) / totals.purchase_count
            ) as decimal(18, 6)
        ) as expected_cm2_ratio
    from sums
    cross join totals
)

select * from final
