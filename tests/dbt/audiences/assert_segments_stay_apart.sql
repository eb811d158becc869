{# Whom a segment leaves out, as the seed says, is not in it; and nobody who has just bought is asked
   back to a cart. #}
{%- set audiences = [
    'at_risk', 'browse_abandoner', 'cart_abandoner', 'discount_addict', 'one_and_done',
    'recent_purchaser', 'replenishment_due', 'rising_star', 'vip',
] %}
with

members as (
    {%- for audience in audiences %}
        select
            '{{ audience }}' as segment,
            customer_id
        from {{ ref('audience_' ~ audience) }}
        {%- if not loop.last %}
            union all
        {%- endif %}
    {%- endfor %}
),

segments as (
    select
        segment,
        left_out
    from {{ ref('segments') }}
    where left_out is not null
),

apart as (
    select
        segment,
        left_out
    from segments
    union all
    select
        'recent_purchaser' as segment,
        'cart_abandoner' as left_out
    from (select 1 as one) as always
)

select
    members.customer_id,
    members.segment,
    apart.left_out
from members
inner join apart
    on members.segment = apart.segment
inner join members as others
    on '|' || apart.left_out || '|' like '%|' || others.segment || '|%'
    and members.customer_id = others.customer_id
