{# When goods come back: of the units of mature lines that did within the window, the share that had
   by each age. #}

with

line_returns as (
    select
        order_line_id,
        source_relation
    from {{ ref('int_line_returns') }}
    where is_mature and is_counted
),

refund_lines as (
    select
        order_line_id,
        quantity,
        {{ dbt.datediff('order_date', 'refund_date', 'day') }}
            as return_age_days
    from {{ ref('int_refund_lines') }}
    where refund_kind = 'line' and quantity > 0
),

daily_returns as (
    select
        line_returns.source_relation,
        refund_lines.return_age_days,
        sum(refund_lines.quantity) as unit_count
    from refund_lines
    inner join line_returns
        on refund_lines.order_line_id = line_returns.order_line_id
    where refund_lines.return_age_days <= {{ var('return_maturity_days') }}
    group by line_returns.source_relation, refund_lines.return_age_days
),

cumulated as (
    select
        source_relation,
        return_age_days as age_from_days,
        lead(return_age_days) over (
            partition by source_relation order by return_age_days
        ) as age_to_days,
        sum(unit_count) over (
            partition by source_relation order by return_age_days
            rows between unbounded preceding and current row
        ) as seen_count,
        sum(unit_count) over (partition by source_relation) as unit_count
    from daily_returns
),

final as (
    select
        source_relation,
        age_from_days,
        age_to_days,
        {{ ratio_half_even('seen_count', 'unit_count') }} as seen_ratio
    from cumulated
)

select * from final
