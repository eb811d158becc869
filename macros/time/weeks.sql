{# The Monday that begins the ISO week of a date. #}
{% macro monday_of(day) -%}
    cast({{ dbt.dateadd('day', '1 - ' ~ day_of_week(day), day) }} as date)
{%- endmacro %}

{# Whether a date is one of the days `first` to `last` of an ad's life; the first is day 1. #}
{% macro days_of_life(ad, day, first, last) -%}
    (
        {{ day }} >= cast({{ dbt.dateadd('day', first - 1, ad ~ '.first_shown_date') }} as date)
        and {{ day }} <= cast({{ dbt.dateadd('day', last - 1, ad ~ '.first_shown_date') }} as date)
    )
{%- endmacro %}

{# Whether a date is one of the seven days that end with another. #}
{% macro seven_days_to(end_day, day) -%}
    (
        {{ day }} <= {{ end_day }}
        and {{ day }} > cast({{ dbt.dateadd('day', -7, end_day) }} as date)
    )
{%- endmacro %}
