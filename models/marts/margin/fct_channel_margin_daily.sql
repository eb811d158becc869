with

ad_margins as (
    select * from {{ ref('int_ad_margin_daily') }}
),

final as (
    select
        channel,
        {{ ad_margin_columns() }},
        margin_date
    from ad_margins
    group by channel, margin_date
)

select * from final
