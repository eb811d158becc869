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
             a pass over all rows: `weight_sum`, `fallback_sum`, and `is_lowest` of the lowest child
   is_pair:  no parent has more than two children, and `known` is given: each row says by itself
             what it gets, as one child's remainder and the other's add up to 0 or to all weights #}
{% macro allocate(relation, parent, child, weight, fallback, totals, keep, known=none, is_pair=false) -%}
    {%- set keys = parent | join(', ') -%}
    {%- set wide = type_wide_integer() -%}
    {%- if is_pair and not known -%}
        {%- do exceptions.raise_compiler_error("allocate: a pair needs what is known of its parent.") -%}
    {%- endif -%}
    select
        {{ (keep + parent + [child]) | unique | join(',\n        ') }}
        {%- for total, digits in totals.items() %},
        cast(
            sign({{ total }}) * (
                (
                    cast(share_{{ total }} as decimal(18, 0))
                    + case when {{ allocation_gets_a_unit(total, is_pair) }} then 1 else 0 end
                ) * {{ minor_unit_amount(digits) }}
                + case
                    when {{ allocation_is_first(total, is_pair) }}
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
            {%- for total in ([] if is_pair else totals) %},
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
                {{ allocation_quotient(total) }} as share_{{ total }},
                {{ allocation_remainder(total) }} as remainder_{{ total }}
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

{# Of a pair the larger remainder is first, and the lowest child where both are alike: both are 0, or
   each is half of the weights. #}
{% macro allocation_is_first(total, is_pair) -%}
    {%- if is_pair -%}
        case
            when remainder_{{ total }} = 0 or 2 * remainder_{{ total }} = used_weight_sum
                then is_lowest_child
            else 2 * remainder_{{ total }} > used_weight_sum
        end
    {%- else -%}
        rank_{{ total }} = 1
    {%- endif -%}
{%- endmacro %}

{# Of a pair the first gets the one unit that is left, if anything is. #}
{% macro allocation_gets_a_unit(total, is_pair) -%}
    {%- if is_pair -%}
        remainder_{{ total }} > 0 and {{ allocation_is_first(total, true) }}
    {%- else -%}
        rank_{{ total }} <= units_{{ total }} - shared_{{ total }}
    {%- endif -%}
{%- endmacro %}

{# What a child gets at least, and what is left over of its share, in units times weights. Whole
   numbers of 128 bits divide slower than those of 64, which all but the largest products fit. #}
{% macro allocation_quotient(total) -%}
    {%- set bigint = dbt.type_bigint() -%}
    case
        when {{ allocation_is_small(total) }}
            then {{ integer_quotient(allocation_small(total), "cast(used_weight_sum as " ~ bigint ~ ")") }}
        else cast({{ integer_quotient(allocation_wide(total), "used_weight_sum") }} as {{ bigint }})
    end
{%- endmacro %}

{% macro allocation_remainder(total) -%}
    {%- set bigint = dbt.type_bigint() -%}
    case
        when {{ allocation_is_small(total) }}
            then mod({{ allocation_small(total) }}, cast(used_weight_sum as {{ bigint }}))
        else cast(mod({{ allocation_wide(total) }}, used_weight_sum) as {{ bigint }})
    end
{%- endmacro %}

{# No child weighs more than all. A double holds every whole number below 9e15. #}
{% macro allocation_is_small(total) -%}
    {%- set double = type_double() -%}
    cast(units_{{ total }} as {{ double }}) * cast(used_weight_sum as {{ double }}) < 9e15
{%- endmacro %}

{% macro allocation_small(total) -%}
    units_{{ total }} * cast(used_weight as {{ dbt.type_bigint() }})
{%- endmacro %}

{% macro allocation_wide(total) -%}
    cast(units_{{ total }} as {{ type_wide_integer() }}) * used_weight
{%- endmacro %}
