{{ config(access='private') }}

{# Everyone who may be drawn by the bootstrap, numbered: replicates hold hundreds of rows of each,
   and numbers join several times faster than names. An order of nobody known stands for itself. #}

with

seen as (
    select visitor_id
    from {{ ref('int_path_candidates') }}
    union all
    select coalesce(customer_id, order_id) as visitor_id
    from {{ ref('int_attributed_orders') }}
),

visitors as (
    select visitor_id
    from seen
    group by visitor_id
),

final as (
    select
        visitor_id,
        cast(row_number() over (order by visitor_id) as integer) as visitor_number
    from visitors
)

select * from final
