{{ config(access='private') }}

{# A credit stands at each level that it knows: its ad, ad set, campaign and, always, its channel.
   level_number 1 is the finest. #}

with

credits as (
    select * from {{ ref('int_marketing_credits') }}
),

levels as (
    select
        1 as level_number,
        'ad' as allocation_level,
        ad_id as level_id,
        *
    from credits
    union all
    select
        2 as level_number,
        'ad_set' as allocation_level,
        ad_set_id as level_id,
        *
    from credits
    union all
    select
        3 as level_number,
        'campaign' as allocation_level,
        campaign_id as level_id,
        *
    from credits
    union all
    select
        4 as level_number,
        'channel' as allocation_level,
        channel as level_id,
        *
    from credits
),

final as (
    select
        level_number,
        allocation_level,
        level_id,
        credit_id,
        order_id,
        channel,
        credit_weight,
        order_date
    from levels
    where level_id is not null
)

select * from final
