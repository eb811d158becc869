{{ config(access='private') }}

{# Paths as the models see them: of touches of one campaign in close succession the newest, direct
   ones only where there are no others, the newest few. The last touch of an order stays even if it
   was direct and so left the path: one model asks for it. #}

with

candidates as (
    select
        *,
        case when channel = 'direct' then 1 else 0 end as is_direct
    from {{ ref('int_path_candidates') }}
),

compared as (
    select
        *,
        lead(touched_at) over (
            partition by path_id, channel, campaign order by touched_at asc, touch_id desc
        ) as next_of_campaign_at
    from candidates
),

merged as (
    select *
    from compared
    where
        next_of_campaign_at is null
        or next_of_campaign_at
        >= {{ dbt.dateadd('minute', var('attribution_merge_minutes', 30), 'touched_at') }}
),

counted as (
    select
        *,
        min(is_direct) over (partition by path_id) as is_wholly_direct,
        count(*) over (partition by path_id, is_direct) as kept_count,
        row_number() over (
            partition by path_id order by touched_at desc, touch_id asc
        ) as place_from_end,
        row_number() over (
            partition by path_id, is_direct order by touched_at desc, touch_id asc
        ) as kept_place_from_end
    from merged
),

judged as (
    select
        *,
        coalesce(
            is_direct = is_wholly_direct
            and kept_place_from_end <= {{ var('attribution_touches_maximum', 20) }}, false
        ) as is_in_path,
        place_from_end = 1 as is_last_touch,
        least(kept_count, {{ var('attribution_touches_maximum', 20) }}) as path_length
    from counted
),

final as (
    select
        path_id,
        path_outcome,
        order_id,
        visitor_id,
        customer_type,
        touch_id,
        channel,
        path_length,
        case when is_in_path then path_length - kept_place_from_end + 1 end as path_place,
        is_in_path,
        is_last_touch,
        touched_at
    from judged
    where is_in_path or (is_last_touch and path_outcome = 'ordered')
)

select * from final
