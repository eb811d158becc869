{# What returns that have not come yet will probably take from a line: the chance that its remaining
   units come back later, times what is lost if they do. Null where the shop has no mature line to
   learn from: not known is not 0. #}

with

line_returns as (
    select * from {{ ref('int_line_returns') }}
),

shops as (
    select * from {{ ref('int_shop_returns') }}
),

return_rates as (
    select * from {{ ref('int_return_rates') }}
),

return_timings as (
    select * from {{ ref('int_return_timings') }}
),

goods as (
    select
        order_line_id,
        cast(-sum(amount) as decimal(18, 4)) as cost_of_goods_amount
    from {{ ref('int_cost_lines') }}
    where cost_type = 'cost_of_goods'
    group by order_line_id
),

rated_lines as (
    select
        line_returns.*,
        return_rates.return_ratio,
        return_rates.unit_count,
        shops.restock_ratio,
        coalesce(return_timings.seen_ratio, 0) as seen_ratio,
        line_returns.remaining_quantity * shops.return_unit_cost_amount as return_cost_amount,
        cast(
            cast(
                {{ integer_quotient_half_even(
                    'cast(coalesce(goods.cost_of_goods_amount, 0) * 10000 as bigint)'
                    ~ ' * line_returns.remaining_quantity',
                    'greatest(line_returns.quantity, 1)'
                ) }} as decimal(18, 0)
            ) * 0.0001 as decimal(18, 4)
        ) as remaining_goods_amount
    from line_returns
    left join return_rates
        on line_returns.source_relation = return_rates.source_relation
        and line_returns.sku = return_rates.sku
    left join shops
        on line_returns.source_relation = shops.source_relation
    left join return_timings
        on line_returns.source_relation = return_timings.source_relation
        and line_returns.age_days >= return_timings.age_from_days
        and (
            return_timings.age_to_days is null
            or line_returns.age_days < return_timings.age_to_days
        )
    left join goods
        on line_returns.order_line_id = goods.order_line_id
),

risked_lines as (
    select
        order_line_id,
        reporting_minor_unit_digits,
        return_ratio,
        seen_ratio,
        coalesce(unit_count, 0) as return_evidence_unit_count,
        is_mature,
        case
            when is_mature or remaining_quantity = 0 then cast(0 as decimal(18, 6))
            else {{ round_half_even('return_ratio * (1 - seen_ratio)', 6) }}
        end as remaining_return_ratio,
        case
            when remaining_quantity = 0 then cast(0 as decimal(18, 4))
            else cast(
                remaining_sales_amount
                + return_cost_amount
                - {{ round_half_even('remaining_goods_amount * restock_ratio', 4) }}
                as decimal(18, 4)
            )
        end as loss_if_returned_amount
    from rated_lines
),

final as (
    select
        order_line_id,
        return_evidence_unit_count,
        return_ratio,
        seen_ratio,
        remaining_return_ratio,
        loss_if_returned_amount,
        case
            when remaining_return_ratio = 0 then cast(0 as decimal(18, 4))
            else {{ round_to_minor_unit(
                'cast(loss_if_returned_amount as decimal(28, 4)) * remaining_return_ratio',
                'reporting_minor_unit_digits'
            ) }}
        end as expected_loss_amount,
        is_mature
    from risked_lines
)

select * from final
