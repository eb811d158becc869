{{ config(access='private') }}

{# How well a channel's return is known today. E3 holds where clicks and the survey tell how many
   orders the channel touched, and the brand's orders move with its spend by as much as they may:
   not by nothing, at most by what it touched on average, at least by the flattest response of that.
   #}

with

gaps as (
    select * from {{ ref('fct_channel_gaps') }}
),

responses as (
    select * from {{ ref('int_brand_responses') }}
    where week_count >= {{ var('response_weeks_minimum') }}
),

as_of as (
    select {{ week_start(dbt.dateadd('day', 1, shop_date('as_of_at'))) }} as week_to_date
    from {{ ref('int_as_of') }}
),

media_weeks as (
    select
        media_weeks.*,
        media_weeks.week_date
        >= {{ dbt.dateadd('day', -7 * var('budget_weeks'), 'as_of.week_to_date') }}
            as is_newest,
        as_of.week_to_date
    from {{ ref('int_media_weeks') }} as media_weeks
    inner join as_of
        on media_weeks.week_date < as_of.week_to_date
    where media_weeks.media_level = 'channel'
),

caused_weeks as (
    select * from {{ ref('int_caused_weeks') }}
    where media_level = 'channel'
),

weeks as (
    select
        media_weeks.channel,
        sum(case when media_weeks.is_newest then media_weeks.spend_amount else 0 end)
            as spend_amount,
        sum(
            case
                when media_weeks.is_newest
                    then media_weeks.credited_net_merchandise_sales_amount
                else 0
            end
        ) as credited_sales_amount,
        sum(
            case
                when media_weeks.is_newest
                    then media_weeks.credited_sales_error_amount
                    * media_weeks.credited_sales_error_amount
                else 0
            end
        ) as credited_sales_square,
        sum(case when media_weeks.is_newest then media_weeks.credited_order_count else 0 end)
            as credited_order_count,
        {# A week with spend that no experiment speaks of leaves the caused sales unknown. #}
        sum(
            case
                when media_weeks.is_newest and media_weeks.spend_amount > 0
                    and caused_weeks.channel is null
                    then 1
                else 0
            end
        ) as unknown_week_count,
        sum(case when media_weeks.is_newest then caused_weeks.caused_sales_amount end)
            as caused_sales_amount,
        sum(case when media_weeks.is_newest then caused_weeks.caused_sales_low_amount end)
            as caused_sales_low_amount,
        sum(case when media_weeks.is_newest then caused_weeks.caused_sales_high_amount end)
            as caused_sales_high_amount,
        min(case when media_weeks.is_newest then caused_weeks.evidence_level end)
            as caused_evidence_level,
        sum(
            case
                when media_weeks.week_date between gaps.window_from_date and gaps.window_to_date
                    then media_weeks.spend_amount
            end
        ) as window_spend_amount,
        max(media_weeks.week_to_date) as week_to_date
    from media_weeks
    left join caused_weeks
        on media_weeks.channel = caused_weeks.channel
        and media_weeks.week_date = caused_weeks.week_date
    left join gaps
        on media_weeks.channel = gaps.channel
    group by media_weeks.channel
),

joined as (
    select
        weeks.*,
        coalesce(gaps.decision = 'ESTIMATED', false) as is_surveyed,
        case
            when weeks.window_spend_amount > 0
                then cast(gaps.touched_order_sample_low_count as {{ type_double() }})
                / weeks.window_spend_amount
        end as touched_low,
        case
            when weeks.window_spend_amount > 0
                then cast(gaps.touched_order_sample_high_count as {{ type_double() }})
                / weeks.window_spend_amount
        end as touched_high,
        responses.orders_per_spend,
        responses.orders_per_spend_low,
        responses.orders_per_spend_high
    from weeks
    left join gaps
        on weeks.channel = gaps.channel
    left join responses
        on weeks.channel = responses.channel
),

judged as (
    select
        *,
        coalesce(unknown_week_count = 0 and caused_sales_low_amount > 0, false) as is_caused,
        coalesce(
            is_surveyed
            and orders_per_spend_low > 0
            and orders_per_spend_low <= touched_high
            and orders_per_spend_high >= {{ var('response_elasticity_minimum') }} * touched_low,
            false
        ) as is_consistent
    from joined
),

final as (
    select
        channel,
        case
            when is_caused and caused_evidence_level = 'E4' then 'E4'
            when is_consistent then 'E3'
            when is_surveyed or is_caused then 'E2'
            when credited_order_count > 0 then 'E1'
            else 'E0'
        end as evidence_level,
        case when is_caused then 'incremental' else 'first_party' end as reference_type,
        cast(touched_low as decimal(18, 9)) as touched_orders_per_spend_low,
        cast(touched_high as decimal(18, 9)) as touched_orders_per_spend_high,
        orders_per_spend,
        orders_per_spend_low,
        orders_per_spend_high,
        cast(spend_amount as decimal(18, 4)) as spend_amount,
        cast(
            case when is_caused then caused_sales_amount else credited_sales_amount end
            as decimal(18, 4)
        ) as sales_amount,
        {# Where no experiment says what a return is worth, it is as open as before any. #}
        case
            when is_caused
                then cast(
                    ln(cast(caused_sales_high_amount as {{ type_double() }})
                    / caused_sales_low_amount) / (2 * {{ var('gap_interval_z') }})
                    as decimal(18, 6)
                )
            when credited_sales_amount > 0
                then cast(
                    sqrt(
                        cast(credited_sales_square as {{ type_double() }})
                        / power(cast(credited_sales_amount as {{ type_double() }}), 2)
                        + power({{ var('calibration_prior_error') }}, 2)
                    ) as decimal(18, 6)
                )
        end as sales_log_error,
        cast({{ dbt.dateadd('day', -7 * var('budget_weeks'), 'week_to_date') }} as date)
            as window_from_date,
        cast({{ dbt.dateadd('day', -1, 'week_to_date') }} as date) as window_to_date
    from judged
)

select * from final
