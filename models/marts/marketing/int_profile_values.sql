{{ config(access='private') }}

{# What a month of e-mails is expected to bring of a profile: the chance that its customer buys
   within a month, times what an order leaves in CM2, times the share of orders that e-mail
   causes. That share is the newest holdout's where one told it, else an assumption. A customer
   with two profiles is worth something at the one she used last: without the other she still
   gets the mail. #}

with

engagement as (
    select
        *,
        row_number() over (
            partition by coalesce(customer_id, profile_id)
            order by last_clicked_at desc nulls last, created_at asc, profile_id asc
        ) as place
    from {{ ref('fct_profile_engagement') }}
    where is_billable
),

acts as (
    select
        profile_id,
        max(occurred_at) as last_acted_at
    from {{ ref('int_engagement_signals') }}
    where signal <> 'open'
    group by profile_id
),

lifetime_values as (
    select * from {{ ref('fct_customer_lifetime_value') }}
),

hazards as (
    select * from {{ ref('fct_engagement_hazards') }}
    where not is_customer
),

rules as (
    select * from {{ ref('int_list_rules') }}
),

told as (
    select
        *,
        row_number() over (order by decided_at desc, decision_batch desc) as place
    from {{ ref('fct_suppression_holdouts') }}
    where email_cause_ratio is not null
),

causes as (
    select
        case
            when told.email_cause_ratio is null then rules.email_cause_ratio
            when told.email_cause_ratio < 0 then 0
            else told.email_cause_ratio
        end as cause_ratio,
        case
            when told.email_cause_low_ratio is null then rules.email_cause_low_ratio
            when told.email_cause_low_ratio < 0 then 0
            else told.email_cause_low_ratio
        end as low_ratio,
        case
            when told.email_cause_high_ratio is null then rules.email_cause_high_ratio
            when told.email_cause_high_ratio < 0 then 0
            else told.email_cause_high_ratio
        end as high_ratio,
        case when told.decision_batch is null then 'assumed cause' else 'measured cause' end
            as evidence
    from rules
    left join told
        on told.place = 1
),

order_margins as (
    select
        cast(
            sum(cast(expected_purchase_amount * expected_cm2_ratio as decimal(18, 4)))
            / nullif(count(*), 0) as decimal(18, 4)
        ) as mean_amount
    from lifetime_values
),

chances as (
    select
        engagement.profile_id,
        engagement.customer_id,
        engagement.place,
        case
            when lifetime_values.customer_id is not null then
                1 - exp(
                    -cast(lifetime_values.expected_purchase_count as {{ type_double() }})
                    / {{ var('lifetime_horizon_months') }}
                )
            else cast(coalesce(hazards.buy_ratio, 0) as {{ type_double() }})
        end as buy_chance,
        cast(
            case
                when lifetime_values.customer_id is not null
                    then
                        lifetime_values.expected_purchase_amount
                        * lifetime_values.expected_cm2_ratio
                else coalesce(order_margins.mean_amount, 0)
            end as decimal(18, 4)
        ) as order_cm2_amount,
        lifetime_values.customer_id is not null as is_customer
    from engagement
    cross join order_margins
    left join lifetime_values
        on engagement.customer_id = lifetime_values.customer_id
    left join acts
        on engagement.profile_id = acts.profile_id
    left join hazards
        on lifetime_values.customer_id is null
        and hazards.silent_weeks = case
            when acts.last_acted_at is null then -1
            else {{ integer_quotient(
                'least(' ~ dbt.datediff('acts.last_acted_at', 'engagement.as_of_at', 'day')
                ~ ', 728)', '7'
            ) }}
        end
),

valued as (
    select
        *,
        case
            when place = 1 then buy_chance * cast(order_cm2_amount as {{ type_double() }})
            else 0
        end as month_amount
    from chances
),

final as (
    select
        valued.profile_id,
        valued.customer_id,
        causes.evidence,
        case
            when valued.place > 1 then 'another profile of the customer counts'
            when valued.is_customer then 'repeat purchase model'
            else 'rate of those silent as long'
        end as value_method,
        cast(valued.buy_chance as decimal(9, 6)) as buy_ratio,
        valued.order_cm2_amount,
        cast(
            valued.month_amount * cast(causes.cause_ratio as {{ type_double() }})
            as decimal(18, 6)
        ) as monthly_value_amount,
        cast(
            valued.month_amount * cast(causes.low_ratio as {{ type_double() }}) as decimal(18, 6)
        ) as monthly_value_low_amount,
        cast(
            valued.month_amount * cast(causes.high_ratio as {{ type_double() }}) as decimal(18, 6)
        ) as monthly_value_high_amount
    from valued
    cross join causes
)

select * from final
