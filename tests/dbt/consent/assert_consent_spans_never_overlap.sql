{# A customer has one state per purpose and channel at any moment, and spans follow without a
   gap. #}
with

spans as (
    select
        customer_id,
        purpose,
        channel,
        valid_from,
        valid_to,
        lead(valid_from) over (
            partition by customer_id, purpose, channel
            order by valid_from
        ) as next_valid_from
    from {{ ref('fct_consent_history') }}
)

select * from spans
where
    valid_to <= valid_from
    or (valid_to is null and next_valid_from is not null)
    or valid_to <> next_valid_from
    or (valid_to is not null and next_valid_from is null)
