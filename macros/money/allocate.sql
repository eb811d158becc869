{# Splits amounts of a parent over its children by largest remainder, in minor units, so that the
   children always sum to the parent: shares are rounded down, then one minor unit each goes to the
   largest remainders, ties to the lowest child. A negative amount is split like its opposite. What
   is below a minor unit goes with the largest remainder. Where all weights are 0 the fallback
   weights decide, where those are 0 too the lowest child takes all.

   relation: CTE or model with one row per parent and child
   parent:   columns that make one parent
   child:    column that orders the children, unique within the parent
   weight, fallback: expressions, whole numbers, not negative
   totals:   mapping of amount column of the parent -> column with its currency's decimals; each
             gives a column `allocated_<amount column>`
   keep:     columns passed through
   known:    columns of the relation that say what else is counted here over each parent's children,
             a pass over all rows: `weight_sum`, `fallback_sum`, and `is_lowest` of the lowest child #}
{% macro allocate(relation, parent, child, weight, fallback, totals, keep, known=none) -%}
    {%- set keys = parent | join(', ') -%}
    {%- set wide = type_wide_integer() -%}
    select
        {{ (keep + parent + [child]) | unique | join(',\n        ') }}
        {%- for total, digits in totals.items() %},
        cast(
            sign({{ total }}) * (
                (
                    cast(share_{{ total }} as decimal(18, 0))
                    + case when rank_{{ total }} <= units_{{ total }} - shared_{{ total }} then 1 else 0 end
                ) * {{ minor_unit_amount(digits) }}
                + case
                    when rank_{{ total }} = 1
                        then abs({{ total }})
                            - cast(units_{{ total }} as decimal(18, 0)) * {{ minor_unit_amount(digits) }}
                    else 0
                end
            ) as decimal(18, 4)
        ) as allocated_{{ total }}
        {%- endfor %}
    from (
        select
            shares.*
            {%- for total in totals %},
            sum(share_{{ total }}) over (partition by {{ keys }}) as shared_{{ total }},
            row_number() over (
                partition by {{ keys }}
                order by remainder_{{ total }} desc, {{ child }} asc
            ) as rank_{{ total }}
            {%- endfor %}
        from (
            select
                weighed.*
                {%- for total in totals %},
                {%- set weighed_units = "cast(units_" ~ total ~ " as " ~ wide ~ ") * used_weight" %}
                cast(
                    {{ integer_quotient(weighed_units, "used_weight_sum") }}
                    as {{ dbt.type_bigint() }}
                ) as share_{{ total }},
                cast(
                    mod({{ weighed_units }}, used_weight_sum) as {{ dbt.type_bigint() }}
                ) as remainder_{{ total }}
                {%- endfor %}
            from (
                select
                    weights.*,
                    cast(
                        case
                            when weight_sum > 0 then weight
                            when fallback_sum > 0 then fallback_weight
                            when is_lowest_child then 1
                            else 0
                        end as {{ wide }}
                    ) as used_weight,
                    cast(
                        case
                            when weight_sum > 0 then weight_sum
                            when fallback_sum > 0 then fallback_sum
                            else 1
                        end as {{ wide }}
                    ) as used_weight_sum
                    {%- for total, digits in totals.items() %},
                    cast(
                        floor(abs({{ total }}) * {{ minor_units_per_unit(digits) }})
                        as {{ dbt.type_bigint() }}
                    ) as units_{{ total }}
                    {%- endfor %}
                from (
                    select
                        {{ relation }}.*,
                        {{ weight }} as weight,
                        {{ fallback }} as fallback_weight,
                        {%- if known %}
                        {{ known.is_lowest }} as is_lowest_child,
                        {{ known.weight_sum }} as weight_sum,
                        {{ known.fallback_sum }} as fallback_sum
                        {%- else %}
                        row_number() over (
                            partition by {{ keys }} order by {{ child }}
                        ) = 1 as is_lowest_child,
                        sum({{ weight }}) over (partition by {{ keys }}) as weight_sum,
                        sum({{ fallback }}) over (partition by {{ keys }}) as fallback_sum
                        {%- endif %}
                    from {{ relation }}
                ) as weights
            ) as weighed
        ) as shares
    ) as ranked
{%- endmacro %}
