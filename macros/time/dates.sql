{# The variable as_of where it is given, else `newest`. #}
{% macro as_of_at(newest) -%}
    {%- if var('as_of') -%}
        cast('{{ var("as_of") }}' as {{ dbt.type_timestamp() }})
    {%- else -%}
        {{ newest }}
    {%- endif -%}
{%- endmacro %}

{# The date on which an event fell in the shop's time zone. Every `_date` column of a mart is one. #}
{% macro shop_date(expression) -%}
    cast({{ local_timestamp(expression, var('shop_timezone')) }} as date)
{%- endmacro %}

{# The Monday of a date's ISO week: engines begin their weeks on different days. #}
{% macro week_start(expression) -%}
    cast({{ dbt.dateadd('day', '1 - ' ~ day_of_week(expression), expression) }} as date)
{%- endmacro %}

{# A select of `day_number` from 0 to 9,999: 27 years, without recursion or an engine's series. #}
{% macro day_numbers() -%}
    select
        ones.digit
        + 10 * tens.digit
        + 100 * hundreds.digit
        + 1000 * thousands.digit as day_number
    from ({{ digits() }}) as ones
    cross join ({{ digits() }}) as tens
    cross join ({{ digits() }}) as hundreds
    cross join ({{ digits() }}) as thousands
{%- endmacro %}

{% macro digits() -%}
    {%- for digit in range(10) -%}
        select {{ digit }} as digit{{ " union all " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# Whether a dated rate holds on a day; `valid_to` is the first day on which it no longer does. #}
{% macro holds_on(rate, day) -%}
    (
        {{ day }} >= {{ rate }}.valid_from
        and ({{ rate }}.valid_to is null or {{ day }} < {{ rate }}.valid_to)
    )
{%- endmacro %}

{# A select of `number` from 1 to `last`, at most 9,999. #}
{% macro numbers_to(last) -%}
    select cast(day_number as {{ dbt.type_bigint() }}) as number
    from ({{ day_numbers() }}) as numbers
    where day_number between 1 and {{ last }}
{%- endmacro %}

{# Whole months from one day to a later one: 0 until the same day of the next month. #}
{% macro months_between(start_date, end_date) -%}
    {%- set boundaries = dbt.datediff(start_date, end_date, 'month') -%}
    (
        {{ boundaries }}
        - case
            when cast({{ dbt.dateadd('month', boundaries, start_date) }} as date) > {{ end_date }}
                then 1
            else 0
        end
    )
{%- endmacro %}

{# The days of the window in which a survey is read, first and last, as one row. #}
{% macro survey_window() -%}
    select
        {{ shop_date('as_of_at') }} as as_of_date,
        cast(
            {{ dbt.dateadd('day', 1 - var('survey_window_days'), shop_date('as_of_at')) }} as date
        ) as window_from_date
    from {{ ref('int_as_of') }}
{%- endmacro %}
