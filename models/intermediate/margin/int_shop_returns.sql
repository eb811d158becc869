{# What mature lines of a shop say of returns: how often, how often resellable, and what a returned
   unit cost beyond its sales and goods. Whole numbers, so that no double decides a cent. #}

with

line_returns as (
    select * from {{ ref('int_line_returns') }}
    where is_mature and is_counted
),

return_costs as (
    select
        order_line_id,
        cast(-sum(amount) as decimal(18, 4)) as return_cost_amount
    from {{ ref('int_cost_lines') }}
    where
        cost_type in (
            'shipping_refund', 'return_label', 'return_handling', 'refund_administration_fee'
        )
    group by order_line_id
),

shop_totals as (
    select
        line_returns.source_relation,
        sum(line_returns.quantity) as unit_count,
        sum(line_returns.returned_quantity) as returned_count,
        sum(line_returns.restocked_quantity) as restocked_count,
        cast(
            sum(
                case
                    when line_returns.returned_quantity > 0
                        then coalesce(return_costs.return_cost_amount, 0)
                    else 0
                end
            ) as decimal(18, 4)
        ) as return_cost_amount
    from line_returns
    left join return_costs
        on line_returns.order_line_id = return_costs.order_line_id
    group by line_returns.source_relation
),

final as (
    select
        source_relation,
        cast(unit_count as {{ dbt.type_bigint() }}) as unit_count,
        cast(returned_count as {{ dbt.type_bigint() }}) as returned_count,
        {{ ratio_half_even('returned_count', 'unit_count') }} as return_ratio,
        {{ ratio_half_even('restocked_count', 'greatest(returned_count, 1)') }} as restock_ratio,
        cast(
            cast(
                {{ integer_quotient_half_even(
                    'cast(greatest(return_cost_amount, 0) * 10000 as ' ~ type_wide_integer() ~ ')',
                    'cast(greatest(returned_count, 1) as ' ~ type_wide_integer() ~ ')'
                ) }} as decimal(18, 0)
            ) * 0.0001 as decimal(18, 4)
        ) as return_unit_cost_amount
    from shop_totals
    where unit_count > 0
)

select * from final
