{# What sending brought: CM2 of members in the days after they entered, less that of whom we held
   back. With few buyers in an arm the mean is skewed and an interval would promise too much: then
   there is none. Who entered before anybody was held back, and would be, counts in neither arm. Nobody's
   orders count as nought: who bought nothing brought nothing. #}

with

as_of as (
    select
        as_of_at,
        {{ dbt.dateadd('day', -var('segment_lift_days'), 'as_of_at') }} as complete_until_at
    from {{ ref('int_as_of') }}
),

segments as (
    select
        segment,
        holdout_ratio,
        send_cost_amount
    from {{ ref('segments') }}
    where use = 'lifecycle'
),

entries as (
    select
        membership.segment,
        membership.customer_id,
        membership.is_held_back,
        min(membership.entered_at) as entered_at
    from {{ ref('fct_audience_membership') }} as membership
    inner join segments
        on membership.segment = segments.segment
    where
        {# Ads ask for another yes than the held back were asked for: who sees them is no arm. #}
        membership.channel <> 'ads'
        and (
            membership.is_held_back
            or {{ holdout_place('membership.customer_id', 'membership.segment') }}
            >= segments.holdout_ratio
        )
    group by membership.segment, membership.customer_id, membership.is_held_back
),

complete as (
    select
        entries.*,
        cast({{ dbt.date_trunc('month', 'entries.entered_at') }} as date) as entry_month,
        {{ dbt.dateadd('day', var('segment_lift_days'), 'entries.entered_at') }} as until_at
    from entries
    cross join as_of
    where entries.entered_at <= as_of.complete_until_at
),

orders as (
    select
        customer_id,
        cm2_amount,
        ordered_at
    from {{ ref('fct_order_margin') }}
    where customer_id is not null and order_scope = 'dtc'
),

outcomes as (
    select
        complete.segment,
        complete.entry_month,
        complete.is_held_back,
        complete.customer_id,
        max(case when orders.customer_id is null then 0 else 1 end) as buyer_count,
        cast(coalesce(sum(orders.cm2_amount), 0) as decimal(18, 4)) as cm2_amount
    from complete
    left join orders
        on complete.customer_id = orders.customer_id
        and orders.ordered_at > complete.entered_at
        and orders.ordered_at <= complete.until_at
    group by
        complete.segment, complete.entry_month, complete.is_held_back, complete.customer_id
),

arms as (
    select
        segment,
        entry_month,
        sum(case when is_held_back then 0 else 1 end) as treated_count,
        sum(case when is_held_back then 1 else 0 end) as held_back_count,
        sum(case when is_held_back then 0 else buyer_count end) as treated_buyer_count,
        sum(case when is_held_back then buyer_count else 0 end) as held_back_buyer_count,
        sum(case when is_held_back then 0 else cm2_amount end) as treated_cm2_amount,
        sum(case when is_held_back then cm2_amount else 0 end) as held_back_cm2_amount,
        sum(
            case when is_held_back then 0 else cast(cm2_amount * cm2_amount as decimal(38, 8)) end
        ) as treated_squares,
        sum(
            case when is_held_back then cast(cm2_amount * cm2_amount as decimal(38, 8)) else 0 end
        ) as held_back_squares
    from outcomes
    group by segment, entry_month
),

measured as (
    select
        arms.*,
        segments.send_cost_amount,
        cast(treated_cm2_amount as {{ type_double() }}) / nullif(treated_count, 0)
            as treated_mean,
        cast(held_back_cm2_amount as {{ type_double() }}) / nullif(held_back_count, 0)
            as held_back_mean,
        case
            when
                treated_buyer_count >= {{ var('segment_lift_buyers_minimum') }}
                and held_back_buyer_count >= {{ var('segment_lift_buyers_minimum') }}
                then sqrt(
                    (
                        cast(treated_squares as {{ type_double() }})
                        - cast(treated_cm2_amount as {{ type_double() }})
                        * cast(treated_cm2_amount as {{ type_double() }}) / treated_count
                    ) / nullif(treated_count - 1, 0) / treated_count
                    + (
                        cast(held_back_squares as {{ type_double() }})
                        - cast(held_back_cm2_amount as {{ type_double() }})
                        * cast(held_back_cm2_amount as {{ type_double() }}) / held_back_count
                    ) / nullif(held_back_count - 1, 0) / held_back_count
                )
        end as lift_error
    from arms
    inner join segments
        on arms.segment = segments.segment
),

bounded as (
    select
        *,
        cast(treated_mean - held_back_mean as decimal(18, 4)) as lift_amount,
        cast(
            treated_mean - held_back_mean - {{ var('segment_lift_interval_z') }} * lift_error
            as decimal(18, 4)
        ) as lift_low_amount,
        cast(
            treated_mean - held_back_mean + {{ var('segment_lift_interval_z') }} * lift_error
            as decimal(18, 4)
        ) as lift_high_amount
    from measured
),

{# The month before counts only where it is the one before. #}
followed as (
    select
        *,
        coalesce(
            lag(lift_high_amount) over (partition by segment order by entry_month)
            < lag(send_cost_amount) over (partition by segment order by entry_month)
            and {{ dbt.datediff(
                'lag(entry_month) over (partition by segment order by entry_month)',
                'entry_month', 'month'
            ) }} = 1,
            false
        ) as was_below_cost
    from bounded
),

final as (
    select
        segment,
        entry_month,
        case
            when lift_error is null then 'not enough buyers'
            when lift_high_amount < send_cost_amount and was_below_cost then 'kill'
            when lift_high_amount < send_cost_amount then 'below its cost'
            when lift_low_amount > send_cost_amount then 'pays'
            else 'open'
        end as decision,
        cast(treated_count as {{ dbt.type_bigint() }}) as treated_count,
        cast(held_back_count as {{ dbt.type_bigint() }}) as held_back_count,
        cast(treated_buyer_count as {{ dbt.type_bigint() }}) as treated_buyer_count,
        cast(held_back_buyer_count as {{ dbt.type_bigint() }}) as held_back_buyer_count,
        cast(treated_mean as decimal(18, 4)) as treated_cm2_per_member_amount,
        cast(held_back_mean as decimal(18, 4)) as held_back_cm2_per_member_amount,
        lift_amount,
        lift_low_amount,
        lift_high_amount,
        send_cost_amount
    from followed
)

select * from final
