{# Fails on each row for which `expression` is not true; null counts as not true. #}
{% test always_true(model, expression) %}
    select *
    from {{ model }}
    where not coalesce({{ expression }}, false)
{% endtest %}
