{{ config(meta={
    'remedy': 'End one of the two rates in the seed (valid_to);'
    ' margin.margin_findings names the key.'
}) }}
-- Two rates of one key that hold on the same day would double a cost; a period that ends before it
-- begins would hide one.
with

dated_rates as (
    select
        'payment_fee_rates' as seed_name,
        fee_type || ' / ' || gateway || ' / ' || currency as rate_key,
        valid_from,
        valid_to
    from {{ ref('payment_fee_rates') }}
    union all
    select
        'fulfilment_rates' as seed_name,
        rate_type || ' / ' || currency as rate_key,
        valid_from,
        valid_to
    from {{ ref('fulfilment_rates') }}
    union all
    select
        'marketplace_fee_rates' as seed_name,
        sales_channel || ' / ' || fee_type || ' / ' || currency as rate_key,
        valid_from,
        valid_to
    from {{ ref('marketplace_fee_rates') }}
    union all
    select
        'media_hurdles' as seed_name,
        channel as rate_key,
        valid_from,
        valid_to
    from {{ ref('media_hurdles') }}
),

following_rates as (
    select
        seed_name,
        rate_key,
        valid_from,
        valid_to,
        lead(valid_from) over (
            partition by seed_name, rate_key order by valid_from, valid_to
        ) as next_valid_from
    from dated_rates
)

select
    seed_name,
    rate_key,
    valid_from,
    valid_to,
    next_valid_from
from following_rates
where
    valid_to <= valid_from
    or (next_valid_from is not null and (valid_to is null or valid_to > next_valid_from))
