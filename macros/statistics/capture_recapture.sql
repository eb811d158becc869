{# Two captures of one population, after Chapman: `first` and `second` were caught, `both` twice.
   Estimate and standard error are doubles that end in a rounded decimal. The captures have to be
   independent: where one makes the other likelier, the estimate is too low. #}
{% macro chapman_estimate(first, second, both) -%}
    (
        (cast({{ first }} as {{ type_double() }}) + 1)
        * (cast({{ second }} as {{ type_double() }}) + 1)
        / (cast({{ both }} as {{ type_double() }}) + 1)
        - 1
    )
{%- endmacro %}

{% macro chapman_error(first, second, both) -%}
    sqrt(
        greatest(
            (cast({{ first }} as {{ type_double() }}) + 1)
            * (cast({{ second }} as {{ type_double() }}) + 1)
            * cast({{ first }} - {{ both }} as {{ type_double() }})
            * cast({{ second }} - {{ both }} as {{ type_double() }}),
            0
        )
        / (power(cast({{ both }} as {{ type_double() }}) + 1, 2) * ({{ both }} + 2))
    )
{%- endmacro %}
