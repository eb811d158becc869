{# Splits a whole number of units over the children of a parent by largest remainder, exactly:
   shares are rounded down, then one unit each goes to the largest remainders, ties to the lowest
   child. Money goes by `allocate`, which knows currencies; this is for shares of one.

   relation: CTE with one row per parent and child
   parent:   columns that make one parent
   child:    column that orders the children, unique within the parent
   weight:   column of whole numbers, wide, not negative, with a positive sum per parent
   units:    expression, whole number, wide, the same for all children of a parent
   keep:     columns passed through; `shared_unit_count` is added #}
{% macro share_out(relation, parent, child, weight, units, keep) -%}
    {%- set keys = parent | join(', ') -%}
    select
        {{ keep | join(',\n        ') }},
        unit_share
            + case when remainder_place <= unit_count - unit_share_sum then 1 else 0 end
            as shared_unit_count
    from (
        select
            shares.*,
            sum(unit_share) over (partition by {{ keys }}) as unit_share_sum,
            row_number() over (
                partition by {{ keys }} order by unit_remainder desc, {{ child }} asc
            ) as remainder_place
        from (
            select
                weighed.*,
                {{ integer_quotient("unit_count * " ~ weight, "weight_sum") }} as unit_share,
                mod(unit_count * {{ weight }}, weight_sum) as unit_remainder
            from (
                select
                    {{ relation }}.*,
                    {{ units }} as unit_count,
                    cast(
                        sum({{ weight }}) over (partition by {{ keys }})
                        as {{ type_wide_integer() }}
                    ) as weight_sum
                from {{ relation }}
            ) as weighed
        ) as shares
    ) as ranked
{%- endmacro %}

{# Least common multiple of 1 to `highest`: divides evenly by every count up to it. Beyond 40 it
   times a weight of twelve decimals and a million would leave 38 digits. #}
{% macro least_common_multiple(highest) -%}
    {%- if highest > 40 -%}
        {%- do exceptions.raise_compiler_error(
            "attribution_touches_maximum is " ~ highest ~ ": set it to 40 or less"
        ) -%}
    {%- endif -%}
    {%- set found = namespace(multiple=1) -%}
    {%- for number in range(2, highest + 1) -%}
        {%- set rest = namespace(a=found.multiple, b=number) -%}
        {%- for step in range(64) if rest.b -%}
            {%- set next = rest.a % rest.b -%}
            {%- set rest.a = rest.b -%}
            {%- set rest.b = next -%}
        {%- endfor -%}
        {%- set found.multiple = found.multiple * number // rest.a -%}
    {%- endfor -%}
    {{ return(found.multiple) }}
{%- endmacro %}
