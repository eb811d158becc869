{{ config(access='private') }}

{# Spend per credit: what the ads of a level spent on a day, over the credits of that level and day.
   Ads that share a level share its orders, so one pool is split, not each ad: fewer cents are lost
   to rounding, none in sum. #}

with

spend_levels as (
    select * from {{ ref('int_spend_levels') }}
    where level_id is not null
),

credit_levels as (
    select * from {{ ref('int_credit_levels') }}
),

pools as (
    select
        channel,
        allocation_level,
        level_id,
        spend_date,
        minor_unit_digits,
        sum(spend_amount) as spend_amount
    from spend_levels
    group by channel, allocation_level, level_id, spend_date, minor_unit_digits
    having sum(spend_amount) <> 0
),

weighted as (
    select
        {{ concat_text(
            ['pools.channel', 'pools.allocation_level', 'pools.level_id', 'pools.spend_date'], ':'
        ) }} as pool_id,
        pools.allocation_level,
        pools.minor_unit_digits,
        pools.spend_amount,
        pools.spend_date,
        credit_levels.credit_id,
        credit_levels.order_id,
        credit_levels.credit_weight,
        0 as no_weight
    from pools
    inner join credit_levels
        on pools.channel = credit_levels.channel
        and pools.allocation_level = credit_levels.allocation_level
        and pools.level_id = credit_levels.level_id
        and pools.spend_date = credit_levels.order_date
),

allocated as (
    {{ allocate(
        relation='weighted',
        parent=['pool_id'],
        child='credit_id',
        weight='credit_weight',
        fallback='no_weight',
        totals={'spend_amount': 'minor_unit_digits'},
        keep=['order_id', 'allocation_level', 'minor_unit_digits', 'spend_date']
    ) }}
),

final as (
    select
        'ad_spend:' || pool_id as source_row,
        credit_id,
        order_id,
        allocation_level,
        minor_unit_digits,
        allocated_spend_amount as spend_amount,
        spend_date
    from allocated
    where allocated_spend_amount <> 0
)

select * from final
