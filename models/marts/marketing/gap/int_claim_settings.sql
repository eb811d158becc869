{{ config(access='private') }}

{# The setting that a platform's screens show beside the one without views of the same channel,
   which alone can be compared with clicks: of several the one with the longest window. #}

with

as_of as (
    select {{ shop_date('as_of_at') }} as as_of_date
    from {{ ref('int_as_of') }}
),

settings as (
    select attribution_settings.*
    from {{ ref('attribution_settings') }} as attribution_settings
    inner join as_of
        on {{ holds_on('attribution_settings', 'as_of.as_of_date') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by channel
            order by
                case when view_window_days = 0 then 0 else 1 end,
                case when is_reported then 0 else 1 end,
                click_window_days desc,
                attribution_setting asc
        ) as setting_place
    from settings
),

final as (
    select
        channel,
        max(case when is_reported then attribution_setting end) as reported_setting,
        max(
            case when setting_place = 1 and view_window_days = 0 then attribution_setting end
        ) as click_setting,
        max(case when setting_place = 1 then click_window_days end) as click_window_days
    from ranked
    group by channel
    having sum(case when is_reported then 1 else 0 end) > 0
)

select * from final
