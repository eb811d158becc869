{{ config(access='private') }}

{# How often each visitor counts in each replicate of the Poisson bootstrap, which draws people and
   not visits, because one person's visits are alike. Replicate 0 is what happened. An order of
   nobody known stands for itself. #}

with

visitors as (
    select visitor_id
    from {{ ref('int_path_candidates') }}
    union distinct
    select coalesce(customer_id, order_id) as visitor_id
    from {{ ref('int_attributed_orders') }}
),

day_numbers as (
    {{ day_numbers() }}
),

drawn as (
    select
        visitors.visitor_id,
        day_numbers.day_number as replicate,
        {{ md5_hex(concat_text(['visitors.visitor_id', 'day_numbers.day_number'], '|')) }} as draw
    from visitors
    cross join day_numbers
    where
        day_numbers.day_number between 1 and {{ var('attribution_replicates', 200) }}
),

weighed as (
    select
        replicate,
        visitor_id,
        {{ poisson_weight('draw') }} as visitor_weight
    from drawn
    union all
    select
        0 as replicate,
        visitor_id,
        1 as visitor_weight
    from visitors
),

final as (
    select
        replicate,
        visitor_id,
        visitor_weight
    from weighed
    where visitor_weight > 0
)

select * from final
