{# The return rate of a product, pulled towards its shop's mean: the mean counts as much as
   return_rate_pseudo_units units of the product would. #}

with

line_returns as (
    select * from {{ ref('int_line_returns') }}
),

shops as (
    select * from {{ ref('int_shop_returns') }}
),

sku_totals as (
    select
        source_relation,
        sku,
        sum(case when is_mature and is_counted then quantity else 0 end) as unit_count,
        sum(case when is_mature and is_counted then returned_quantity else 0 end)
            as returned_count
    from line_returns
    group by source_relation, sku
),

smoothed as (
    select
        sku_totals.*,
        sku_totals.returned_count * 1000000
        + {{ var('return_rate_pseudo_units') }} * cast(shops.return_ratio * 1000000 as bigint)
            as returned_millionths,
        (sku_totals.unit_count + {{ var('return_rate_pseudo_units') }}) * 1000000
            as unit_millionths
    from sku_totals
    inner join shops
        on sku_totals.source_relation = shops.source_relation
),

final as (
    select
        source_relation,
        sku,
        cast(unit_count as {{ dbt.type_bigint() }}) as unit_count,
        cast(returned_count as {{ dbt.type_bigint() }}) as returned_count,
        {{ ratio_half_even('returned_millionths', 'unit_millionths') }} as return_ratio
    from smoothed
)

select * from final
