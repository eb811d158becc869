{{ config(access='private') }}

{# Which orders each ad's spend of a day is for: those credited at the finest level that has any
   credit on that day. A level that is null found none; its spend stays unallocated. #}

with

ad_spend as (
    select * from {{ ref('int_ad_spend_daily') }}
),

credited_levels as (
    select
        level_number,
        allocation_level,
        level_id,
        channel,
        order_date
    from {{ ref('int_credit_levels') }}
    group by level_number, allocation_level, level_id, channel, order_date
),

matches as (
    select
        ad_spend.ad_day_id,
        credited_levels.allocation_level,
        credited_levels.level_id,
        row_number() over (
            partition by ad_spend.ad_day_id order by credited_levels.level_number
        ) as match_number
    from ad_spend
    inner join credited_levels
        on ad_spend.channel = credited_levels.channel
        and ad_spend.spend_date = credited_levels.order_date
        and credited_levels.level_id = case credited_levels.allocation_level
            when 'ad' then ad_spend.ad_id
            when 'ad_set' then ad_spend.ad_set_id
            when 'campaign' then ad_spend.campaign_id
            else ad_spend.channel
        end
),

final as (
    select
        ad_spend.ad_day_id,
        ad_spend.channel,
        ad_spend.campaign_id,
        ad_spend.ad_id,
        matches.allocation_level,
        matches.level_id,
        ad_spend.minor_unit_digits,
        ad_spend.impression_count,
        ad_spend.link_click_count,
        ad_spend.spend_amount,
        cast(
            case when matches.ad_day_id is null then 0 else ad_spend.spend_amount end
            as decimal(18, 4)
        ) as allocated_spend_amount,
        cast(
            case when matches.ad_day_id is null then ad_spend.spend_amount else 0 end
            as decimal(18, 4)
        ) as unallocated_spend_amount,
        ad_spend.spend_date
    from ad_spend
    left join matches
        on ad_spend.ad_day_id = matches.ad_day_id
        and matches.match_number = 1
)

select * from final
