{# The numbers of list_rules that hold on the day of as_of, one column each. #}

with

as_of as (
    select {{ shop_date('as_of_at') }} as as_of_date
    from {{ ref('int_as_of') }}
),

rules as (
    select * from {{ ref('list_rules') }}
),

final as (
    select
        {% for key in [
            'engaged_minimum_score', 'warm_minimum_score', 'cooling_minimum_score',
            'hazard_prior_profiles', 'hazard_prior_ratio', 'scanner_delay_seconds',
            'all_links_seconds', 'soft_bounces_maximum', 'gate_delivered_minimum',
            'spam_amber_ratio', 'spam_red_ratio', 'spam_stop_ratio', 'bounce_watch_ratio',
            'bounce_stop_ratio', 'email_cause_ratio', 'email_cause_low_ratio',
            'email_cause_high_ratio', 'holdout_kept_order_minimum', 'sunset_age_days',
            'sunset_mail_count', 'sunset_mail_days', 'sunset_order_days', 'sunset_cart_days',
            'vip_top_ratio', 'win_back_days', 'sunset_flow_mails', 'sunset_flow_days',
            'unsuppress_lock_days'
        ] -%}
            max(case when rules.rule_key = '{{ key }}' then rules.rule_value end) as {{ key }},
        {% endfor -%}
        max(as_of.as_of_date) as as_of_date
    from as_of
    inner join rules
        on {{ holds_on('rules', 'as_of.as_of_date') }}
)

select * from final
