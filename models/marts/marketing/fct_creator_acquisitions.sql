{# A code is taken for its creator's while it is valid; of several the first by name. Until other
   evidence of creators is weighed, a code on the first order is all that counts. #}

with

first_orders as (
    select
        customer_id,
        order_id,
        discount_codes,
        ordered_at
    from {{ ref('fct_orders') }}
    where is_first_order and customer_id is not null and discount_codes is not null
),

codes as (
    select * from {{ ref('stg_creators__codes') }}
),

matched as (
    select
        first_orders.customer_id,
        first_orders.order_id,
        codes.source_relation,
        codes.creator_id,
        codes.discount_code,
        first_orders.ordered_at,
        row_number() over (
            partition by first_orders.customer_id
            order by codes.discount_code, codes.source_relation, codes.creator_id
        ) as place
    from first_orders
    inner join codes
        on
        '|' || upper(first_orders.discount_codes) || '|' like '%|' || codes.discount_code || '|%'
        and first_orders.ordered_at >= codes.valid_from
        and (codes.valid_to is null or first_orders.ordered_at < codes.valid_to)
),

final as (
    select
        customer_id,
        order_id,
        {{ concat_text(['source_relation', 'creator_id'], ':') }} as creator_key,
        discount_code,
        'code on the first order' as evidence,
        ordered_at as acquired_at
    from matched
    where place = 1
)

select * from final
