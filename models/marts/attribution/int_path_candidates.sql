{{ config(access='private') }}

{# Which order a visit may have led to: the visitor's next one, where the visit lies within its
   lookback; so each order begins anew. Visits that led to none are paths too, without them every
   channel would seem to sell: such a path ends when the lookback passes without a visit, and is
   open while an order may still follow. Visitors without a name count by browser. #}

with

as_of as (
    select as_of_at from {{ ref('int_as_of') }}
),

orders as (
    select * from {{ ref('int_attributed_orders') }}
    where customer_id is not null
),

visits as (
    select
        touch_id,
        customer_id as visitor_id,
        channel,
        coalesce(campaign_id, utm_campaign) as campaign,
        touched_at
    from {{ ref('fct_touches') }}
    union all
    select
        session_id as touch_id,
        {{ md5_hex(concat_text(['source_relation', 'anonymous_id'], '|')) }} as visitor_id,
        channel,
        coalesce(campaign_id, utm_campaign) as campaign,
        started_at as touched_at
    from {{ ref('fct_sessions') }}
    where customer_id is null
),

timeline as (
    select
        touch_id,
        visitor_id,
        channel,
        campaign,
        0 as is_order,
        0 as counted_order,
        touched_at
    from visits
    union all
    select
        order_id as touch_id,
        customer_id as visitor_id,
        cast(null as {{ dbt.type_string() }}) as channel,
        cast(null as {{ dbt.type_string() }}) as campaign,
        1 as is_order,
        counted_order,
        ordered_at as touched_at
    from orders
),

counted as (
    select
        *,
        sum(is_order) over (
            partition by visitor_id
            order by touched_at, is_order, touch_id
            rows between unbounded preceding and current row
        ) as earlier_order_count,
        sum(counted_order) over (
            partition by visitor_id
            order by touched_at, is_order, touch_id
            rows between unbounded preceding and current row
        ) as earlier_counted_order_count
    from timeline
),

placed as (
    select
        counted.touch_id,
        counted.visitor_id,
        counted.channel,
        counted.campaign,
        counted.touched_at,
        counted.earlier_order_count,
        case when counted.earlier_counted_order_count = 0 then 'new' else 'returning' end
            as customer_type,
        orders.order_id
    from counted
    left join orders
        on counted.visitor_id = orders.customer_id
        and counted.earlier_order_count + 1 = orders.order_place
        and counted.touched_at >= orders.lookback_from_at
    where counted.is_order = 0
),

compared as (
    select
        *,
        lag(touched_at) over (
            partition by visitor_id, earlier_order_count order by touched_at, touch_id
        ) as previous_at
    from placed
    where order_id is null
),

begun as (
    select
        *,
        sum(
            case
                when previous_at is null then 1
                when
                    {{ dbt.dateadd(
                        'day', var('attribution_lookback_days', 30), 'previous_at'
                    ) }} < touched_at
                    then 1
                else 0
            end
        ) over (
            partition by visitor_id, earlier_order_count
            order by touched_at, touch_id
            rows between unbounded preceding and current row
        ) as path_number
    from compared
),

ended as (
    select
        *,
        max(touched_at) over (
            partition by visitor_id, earlier_order_count, path_number
        ) as path_ended_at
    from begun
),

final as (
    select
        order_id as path_id,
        'ordered' as path_outcome,
        order_id,
        visitor_id,
        customer_type,
        touch_id,
        channel,
        campaign,
        touched_at
    from placed
    where order_id is not null
    union all
    select
        {{ concat_text(
            ['ended.visitor_id', 'ended.earlier_order_count', 'ended.path_number'], '|'
        ) }} as path_id,
        case
            when
                {{ dbt.dateadd(
                    'day', var('attribution_lookback_days', 30), 'ended.path_ended_at'
                ) }} > as_of.as_of_at
                then 'open'
            else 'lost'
        end as path_outcome,
        ended.order_id,
        ended.visitor_id,
        ended.customer_type,
        ended.touch_id,
        ended.channel,
        ended.campaign,
        ended.touched_at
    from ended
    cross join as_of
)

select * from final
