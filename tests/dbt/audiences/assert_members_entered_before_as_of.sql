{# entered_at is a moment in the data: never after the moment the rules measure from. #}
{%- set audiences = [
    'audience_ads_opt_out', 'audience_at_risk', 'audience_browse_abandoner',
    'audience_cart_abandoner', 'audience_creator_acquired', 'audience_cross_sell',
    'audience_discount_addict', 'audience_existing_customer', 'audience_full_price_buyer',
    'audience_gift_buyer', 'audience_high_value_seed', 'audience_negative_margin',
    'audience_new_high_margin_seed', 'audience_one_and_done', 'audience_price_drop',
    'audience_recent_purchaser', 'audience_replenishment_due', 'audience_rising_star',
    'audience_serial_returner', 'audience_sms_only', 'audience_subscription_at_risk',
    'audience_subscription_candidate', 'audience_vip', 'audience_win_back',
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
