{# entered_at is a moment in the data: never after the moment the rules measure from. #}
{%- set audiences = [
    'audience_vip', 'audience_at_risk', 'audience_win_back', 'audience_cart_abandoner',
    'audience_existing_customer', 'audience_high_value_seed',
] %}
with

members as (
    {%- for audience in audiences %}
        select
            customer_id,
            entered_at,
            '{{ audience }}' as audience
        from {{ ref(audience) }}
        {%- if not loop.last %}
            union all
        {%- endif %}
    {%- endfor %}
)

select
    members.customer_id,
    members.audience
from members
left join {{ ref('dim_customers') }} as customers
    on members.customer_id = customers.customer_id
where customers.customer_id is null or members.entered_at > customers.as_of_at
