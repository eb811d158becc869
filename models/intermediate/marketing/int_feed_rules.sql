{# The numbers of feed_rules that hold on the day of as_of, one column each. #}

with

as_of as (
    select {{ shop_date('as_of_at') }} as as_of_date
    from {{ ref('int_as_of') }}
),

rules as (
    select * from {{ ref('feed_rules') }}
),

final as (
    select
        {% for key in [
            'lifecycle_business_days', 'systemic_share_ratio', 'substitution_ratio',
            'silent_expected_minimum', 'silent_ratio_below', 'silent_chance_below',
            'silent_price_change_below', 'vanished_after_hours'
        ] -%}
            max(case when rules.rule_key = '{{ key }}' then rules.rule_value end) as {{ key }},
        {% endfor -%}
        max(as_of.as_of_date) as as_of_date
    from as_of
    inner join rules
        on {{ holds_on('rules', 'as_of.as_of_date') }}
)

select * from final
