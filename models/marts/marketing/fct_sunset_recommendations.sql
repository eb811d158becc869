{# What to do with each billable profile. Nothing of it happens without a person's approval. Before
   a profile is suppressed it gets the sunset flow, and who wakes up in it is engaged again. #}

with

as_of as (
    select * from {{ ref('int_as_of') }}
),

checks as (
    select * from {{ ref('int_sunset_checks') }}
),

candidates as (
    select * from {{ ref('int_suppression_candidates') }}
),

best as (
    select
        suppressed_count,
        net_monthly_amount
    from {{ ref('fct_suppression_options') }}
    where is_best
),

priced as (
    select
        coalesce(max(suppressed_count), 0) as suppressed_count,
        count(*) as option_count
    from best
),

profile_values as (
    select * from {{ ref('int_profile_values') }}
),

decided as (
    select
        checks.*,
        candidates.value_rank,
        case
            when checks.kept_by is not null then 'keep'
            when checks.is_holdout then 'keep_as_holdout'
            when priced.option_count = 0 then 'ask_for_a_quote'
            when candidates.value_rank > priced.suppressed_count then 'keep'
            when checks.sunset_flow_state = 'not begun' then 'send_sunset_flow'
            when checks.sunset_flow_state = 'under way' then 'await_sunset_flow'
            else 'suppress'
        end as decision,
        case
            when checks.kept_by is not null then checks.kept_by
            when checks.is_holdout then 'kept at random'
            when priced.option_count = 0 then 'no price known'
            when candidates.value_rank > priced.suppressed_count
                then 'no price step pays for it'
            else 'worth less than the price step'
        end as reason_code
    from checks
    cross join priced
    left join candidates
        on checks.profile_id = candidates.profile_id
),

final as (
    select
        decided.profile_id,
        decided.customer_id,
        decided.decision,
        decided.reason_code,
        'pending' as approval_status,
        coalesce(profile_values.evidence, 'assumed cause') as evidence,
        decided.sunset_flow_state,
        decided.value_rank,
        cast(decided.mail_count as {{ dbt.type_bigint() }}) as mail_count,
        decided.engagement_score,
        coalesce(profile_values.monthly_value_amount, 0) as monthly_value_amount,
        coalesce(profile_values.monthly_value_low_amount, 0) as monthly_value_low_amount,
        coalesce(profile_values.monthly_value_high_amount, 0) as monthly_value_high_amount,
        decided.is_holdout,
        decided.last_engaged_at,
        as_of.as_of_at
    from decided
    cross join as_of
    left join profile_values
        on decided.profile_id = profile_values.profile_id
)

select * from final
