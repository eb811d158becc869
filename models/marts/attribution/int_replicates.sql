{{ config(access='private') }}

{# How often each visitor counts in each replicate of the Poisson bootstrap, which draws people and
   not visits, because one person's visits are alike. Replicate 0 is what happened. #}

with

visitors as (
    select * from {{ ref('int_visitors') }}
),

day_numbers as (
    {{ day_numbers() }}
),

replicates as (
    select cast(day_number as integer) as replicate
    from day_numbers
    where day_number between 1 and {{ var('attribution_replicates', 200) }}
),

drawn as (
    select
        replicates.replicate,
        visitors.visitor_number,
        {{ md5_hex(concat_text(['visitors.visitor_id', 'replicates.replicate'], '|')) }} as draw
    from visitors
    cross join replicates
),

final as (
    select
        replicate,
        visitor_number,
        cast({{ poisson_weight('draw') }} as integer) as visitor_weight
    from drawn
    where {{ poisson_is_drawn('draw') }}
    union all
    select
        0 as replicate,
        visitor_number,
        1 as visitor_weight
    from visitors
)

select * from final
