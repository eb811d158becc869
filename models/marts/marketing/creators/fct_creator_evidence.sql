{# Signs by which creators sold a line; the strongest of each creator counts. Weights of several are
   brought down to one order, a single one is left below it. What a code's leak takes is nobody's.
   This is a second view beside the credits of channels, and adds up with none of them. #}

with

order_lines as (
    select
        order_line_id,
        order_id,
        order_date
    from {{ ref('fct_order_line_margin') }}
),

evidence as (
    select * from {{ ref('creator_evidence') }}
),

code_orders as (
    select
        *,
        cast({{ dbt.date_trunc('month', 'order_date') }} as date) as month_date
    from {{ ref('int_creator_code_orders') }}
),

leaks as (
    select
        discount_code,
        month_date,
        {{ ratio_half_even('sum(case when is_leaked then 1 else 0 end)', 'count(*)') }}
            as leak_ratio
    from code_orders
    group by discount_code, month_date
),

order_signs as (
    select
        code_orders.order_id,
        code_orders.creator_id,
        'code' as evidence_type,
        code_orders.is_leaked,
        leaks.leak_ratio
    from code_orders
    inner join leaks
        on code_orders.discount_code = leaks.discount_code
        and code_orders.month_date = leaks.month_date
    union all
    select
        order_id,
        creator_id,
        'click' as evidence_type,
        false as is_leaked,
        0 as leak_ratio
    from {{ ref('int_creator_clicks') }}
    where clicked_at >= {{ dbt.dateadd('day', -var('creator_click_days'), 'ordered_at') }}
    union all
    select
        order_id,
        creator_id,
        'survey' as evidence_type,
        false as is_leaked,
        0 as leak_ratio
    from {{ ref('int_creator_mentions') }}
    where creator_id is not null
),

line_signs as (
    select
        order_lines.order_line_id,
        order_signs.creator_id,
        order_signs.evidence_type,
        order_signs.is_leaked,
        order_signs.leak_ratio
    from order_lines
    inner join order_signs
        on order_lines.order_id = order_signs.order_id
    union all
    select
        {{ concat_text(['shop_relation', 'shopify_order_line_id'], ':') }} as order_line_id,
        source_relation || ':' || creator_id as creator_id,
        'marketplace' as evidence_type,
        false as is_leaked,
        0 as leak_ratio
    from {{ ref('stg_creators__affiliate_lines') }}
),

weighed as (
    select
        order_lines.order_line_id,
        order_lines.order_id,
        line_signs.creator_id,
        line_signs.evidence_type,
        line_signs.is_leaked,
        cast(line_signs.leak_ratio as decimal(9, 6)) as leak_ratio,
        case
            when line_signs.is_leaked then evidence.leaked_weight_ratio
            else evidence.weight_ratio
        end as weight_ratio,
        order_lines.order_date,
        row_number() over (
            partition by line_signs.order_line_id, line_signs.creator_id
            order by
                case
                    when line_signs.is_leaked then evidence.leaked_weight_ratio
                    else evidence.weight_ratio
                end desc,
                evidence.evidence_rank
        ) as sign_rank,
        count(*) over (
            partition by line_signs.order_line_id, line_signs.creator_id
        ) as sign_count
    from line_signs
    inner join order_lines
        on line_signs.order_line_id = order_lines.order_line_id
    inner join evidence
        on line_signs.evidence_type = evidence.evidence_type
),

strongest as (
    select
        *,
        cast(weight_ratio * 1000000 as {{ type_wide_integer() }}) as weight_millionths,
        cast(
            sum(weight_ratio) over (partition by order_line_id) * 1000000
            as {{ type_wide_integer() }}
        ) as weight_sum_millionths
    from weighed
    where sign_rank = 1
),

shared as (
    select
        *,
        {{ integer_quotient(
            'weight_millionths * 1000000', 'greatest(weight_sum_millionths, 1000000)'
        ) }} as share_millionths,
        cast((1 - leak_ratio) * 1000000 as {{ type_wide_integer() }}) as kept_millionths
    from strongest
),

final as (
    select
        order_line_id,
        order_id,
        creator_id,
        evidence_type,
        'E1' as evidence_level,
        cast(sign_count as {{ dbt.type_bigint() }}) as sign_count,
        cast(weight_ratio as decimal(9, 6)) as weight_ratio,
        leak_ratio,
        cast(
            cast(
                {{ integer_quotient('share_millionths * kept_millionths', '1000000') }}
                as decimal(18, 0)
            ) * 0.000001 as decimal(9, 6)
        ) as credit_ratio,
        is_leaked,
        order_date
    from shared
)

select * from final
