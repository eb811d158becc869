{# The price is a staircase: suppressing saves nothing until a step is reached, so only two kinds of
   numbers can be best. As many as bring the list down to a step, or as many as bring a loss.
   Everything between costs margin for no price. Above the last step one asks for a quote, and no
   option is weighed. #}

with

as_of as (
    select * from {{ ref('int_as_of') }}
),

rules as (
    select * from {{ ref('int_list_rules') }}
),

billable as (
    select count(*) as billable_count
    from {{ ref('fct_profile_engagement') }}
    where is_billable
),

candidates as (
    select * from {{ ref('int_suppression_candidates') }}
),

candidate_counts as (
    select
        count(*) as candidate_count,
        coalesce(sum(case when monthly_value_amount < 0 then 1 else 0 end), 0) as losing_count
    from candidates
),

tiers as (
    select
        tiers.profile_maximum,
        coalesce(
            max(tiers.profile_maximum) over (
                order by tiers.profile_maximum
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as above_count,
        tiers.monthly_price_amount
    from {{ ref('list_price_tiers') }} as tiers
    cross join rules
    where
        {{ holds_on('tiers', 'rules.as_of_date') }}
        and tiers.currency = '{{ var("reporting_currency") }}'
),

{# A step and the losing profiles: where those are more than the step needs, all of them go. #}
wanted as (
    select 0 as suppressed_count
    union all
    select candidate_counts.losing_count as suppressed_count
    from candidate_counts
    union all
    select billable.billable_count - tiers.profile_maximum as suppressed_count
    from tiers
    cross join billable
),

possible as (
    select wanted.suppressed_count
    from wanted
    cross join candidate_counts
    where wanted.suppressed_count between 0 and candidate_counts.candidate_count
    group by wanted.suppressed_count
),

priced as (
    select
        possible.suppressed_count,
        billable.billable_count - possible.suppressed_count as remaining_count,
        billable.billable_count,
        now_tiers.monthly_price_amount as price_amount,
        case
            when billable.billable_count = possible.suppressed_count then 0
            else then_tiers.monthly_price_amount
        end as price_after_amount,
        cast(coalesce(candidates.cumulative_value_amount, 0) as decimal(28, 6))
            as lost_value_amount
    from possible
    cross join billable
    inner join tiers as now_tiers
        on billable.billable_count > now_tiers.above_count
        and billable.billable_count <= now_tiers.profile_maximum
    left join tiers as then_tiers
        on billable.billable_count - possible.suppressed_count > then_tiers.above_count
        and billable.billable_count - possible.suppressed_count <= then_tiers.profile_maximum
    left join candidates
        on possible.suppressed_count = candidates.value_rank
),

weighed as (
    select
        *,
        price_amount - price_after_amount as saved_price_amount,
        cast(price_amount - price_after_amount - lost_value_amount as decimal(28, 6))
            as net_amount
    from priced
),

ranked as (
    select
        *,
        row_number() over (order by net_amount desc, suppressed_count asc) as place
    from weighed
),

final as (
    select
        cast(suppressed_count as {{ dbt.type_bigint() }}) as suppressed_count,
        cast(remaining_count as {{ dbt.type_bigint() }}) as remaining_count,
        cast(billable_count as {{ dbt.type_bigint() }}) as billable_count,
        cast(price_amount as decimal(18, 4)) as monthly_price_amount,
        cast(price_after_amount as decimal(18, 4)) as monthly_price_after_amount,
        cast(saved_price_amount as decimal(18, 4)) as saved_price_amount,
        cast({{ round_half_even('lost_value_amount', 4) }} as decimal(18, 4)) as lost_value_amount,
        cast({{ round_half_even('net_amount', 4) }} as decimal(18, 4)) as net_monthly_amount,
        cast({{ round_half_even('12 * net_amount', 4) }} as decimal(18, 4)) as net_yearly_amount,
        place = 1 as is_best,
        as_of.as_of_at
    from ranked
    cross join as_of
)

select * from final
