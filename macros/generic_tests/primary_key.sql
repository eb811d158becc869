{# Fails on each combination of `columns` that stands in more than one row or holds a null.
   One test instead of unique + not_null per column: a build has a thousand of them. #}
{% test primary_key(model, columns) %}
    select
        {{ columns | join(',\n        ') }},
        count(*) as row_count
    from {{ model }}
    group by {{ columns | join(', ') }}
    having
        count(*) > 1
        {%- for column in columns %}
        or {{ column }} is null
        {%- endfor %}
{% endtest %}
