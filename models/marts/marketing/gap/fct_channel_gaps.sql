{# What the platforms claim of the window beside the orders that clicks and a survey say each channel
   touched. Touched is not caused, and one capture that makes the other likelier lowers the estimate:
   read it as at least so many. #}

with

captures as (
    select * from {{ ref('int_survey_captures') }}
),

as_of as (
    {{ survey_window() }}
),

claims as (
    select
        claims_daily.channel,
        cast(sum(claims_daily.claimed_order_count) as decimal(18, 6)) as claimed_order_count
    from {{ ref('int_platform_claims_daily') }} as claims_daily
    inner join as_of
        on claims_daily.report_date between as_of.window_from_date and as_of.as_of_date
    where claims_daily.is_reported
    group by claims_daily.channel
),

answers as (
    select
        sum(case when mentions.channel = 'unmapped' then mentions.mention_ratio else 0 end)
            as unmapped_count,
        sum(mentions.mention_ratio) as answer_count
    from {{ ref('int_survey_mentions') }} as mentions
    inner join {{ ref('int_survey_orders') }} as survey_orders
        on mentions.order_id = survey_orders.order_id
),

channels as (
    select channel
    from (
        select channel
        from captures
        union all
        select channel
        from claims
    ) as named_channels
    group by channel
),

joined as (
    select
        channels.channel,
        case
            when captures.channel is null then 'no survey, or nobody clicked or named it'
            else captures.lack
        end as lack,
        captures.order_count,
        captures.covered_order_count,
        captures.respondent_count,
        captures.clicked_order_count,
        captures.clicked_respondent_count,
        captures.named_respondent_count,
        captures.both_respondent_count,
        captures.touched_order_count,
        captures.touched_order_low_count,
        captures.touched_order_high_count,
        captures.touched_order_sample_low_count,
        captures.touched_order_sample_high_count,
        claims.claimed_order_count,
        case
            when answers.answer_count > 0
                then cast(answers.unmapped_count / answers.answer_count as decimal(18, 6))
        end as unmapped_answer_ratio,
        {{ gap_ratio('claims.claimed_order_count', 'captures.touched_order_count') }} as gap_ratio,
        {{ gap_ratio('claims.claimed_order_count', 'captures.touched_order_low_count') }}
            as gap_low_ratio,
        {{ gap_ratio('claims.claimed_order_count', 'captures.touched_order_high_count') }}
            as gap_high_ratio,
        {{ gap_ratio('claims.claimed_order_count', 'captures.touched_order_sample_low_count') }}
            as gap_sample_low_ratio,
        {{ gap_ratio('claims.claimed_order_count', 'captures.touched_order_sample_high_count') }}
            as gap_sample_high_ratio,
        as_of.window_from_date,
        as_of.as_of_date as window_to_date
    from channels
    cross join as_of
    cross join answers
    left join captures
        on channels.channel = captures.channel
    left join claims
        on channels.channel = claims.channel
),

final as (
    select
        channel,
        case when lack is null then 'ESTIMATED' else 'INSUFFICIENT_DATA' end as decision,
        lack as decision_reason,
        case
            when lack is null then 'E2'
            when coalesce(clicked_order_count, 0) > 0 then 'E1'
            else 'E0'
        end as evidence_level,
        {{ gap_statement('gap_ratio', 'gap_sample_low_ratio', 'gap_sample_high_ratio') }}
            as gap_statement,
        order_count,
        covered_order_count,
        respondent_count,
        clicked_order_count,
        clicked_respondent_count,
        named_respondent_count,
        both_respondent_count,
        claimed_order_count,
        touched_order_count,
        touched_order_low_count,
        touched_order_high_count,
        touched_order_sample_low_count,
        touched_order_sample_high_count,
        gap_ratio,
        gap_low_ratio,
        gap_high_ratio,
        gap_sample_low_ratio,
        gap_sample_high_ratio,
        unmapped_answer_ratio,
        window_from_date,
        window_to_date
    from joined
)

select * from final
