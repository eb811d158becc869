{{ config(access='private') }}

{# Profiles that may be suppressed, the least worth first, and what all up to each are worth. #}

with

checks as (
    select * from {{ ref('int_sunset_checks') }}
    where kept_by is null and not is_holdout
),

profile_values as (
    select * from {{ ref('int_profile_values') }}
),

valued as (
    select
        checks.profile_id,
        coalesce(profile_values.monthly_value_amount, 0) as monthly_value_amount
    from checks
    left join profile_values
        on checks.profile_id = profile_values.profile_id
),

final as (
    select
        profile_id,
        row_number() over (order by monthly_value_amount, profile_id) as value_rank,
        monthly_value_amount,
        cast(
            sum(monthly_value_amount) over (
                order by monthly_value_amount, profile_id
                rows between unbounded preceding and current row
            ) as decimal(28, 6)
        ) as cumulative_value_amount
    from valued
)

select * from final
