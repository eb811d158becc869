{# Walks of a chain that ends, by doubling. A row of `relation` says of two states, within `keys`:
     step_ratio   chance to be in to_state after exactly s steps from from_state
     visit_count  expected visits of to_state in the first s steps, the start counted as a visit
   The select gives the same after 2^doublings × s steps: with P = M^s and
   V = I + M + … + M^(s-1) a doubling is V + V·P and P·P. Three in a row are a model: an engine that
   writes a CTE out wherever it is named would otherwise write the first one out a thousand times. #}
{% macro doubled_walks(relation, keys, doublings) -%}
    {%- set names = keys | join(', ') -%}
    with

    {% for doubling in range(doublings) -%}
    {%- set walks = relation if loop.first else "doubled_" ~ (doubling - 1) -%}
    doubled_{{ doubling }} as (
        select
            {{ names }},
            from_state,
            to_state,
            sum(visit_count) as visit_count,
            sum(step_ratio) as step_ratio
        from (
            select
                {{ names }},
                from_state,
                to_state,
                visit_count,
                0 * step_ratio as step_ratio
            from {{ walks }}
            union all
            select
                {% for key in keys -%}
                firsts.{{ key }},
                {% endfor -%}
                firsts.from_state,
                seconds.to_state,
                firsts.visit_count * seconds.step_ratio as visit_count,
                firsts.step_ratio * seconds.step_ratio as step_ratio
            from {{ walks }} as firsts
            inner join {{ walks }} as seconds
                on firsts.to_state = seconds.from_state
                {%- for key in keys %}
                and firsts.{{ key }} = seconds.{{ key }}
                {%- endfor %}
        ) as both_halves
        group by {{ names }}, from_state, to_state
    ),

    {% endfor -%}
    final as (
        select
            {{ names }},
            from_state,
            to_state,
            visit_count,
            step_ratio
        from doubled_{{ doublings - 1 }}
    )

    select * from final
{%- endmacro %}
