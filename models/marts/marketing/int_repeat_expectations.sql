{{ config(access='private') }}

{# Purchases to come of one who is alive for sure. They follow from repeat days and age alone: the
   series is summed once per pair of these and horizon, not per customer. Terms are decimals before
   they are summed. A series that would need more than its 400 terms is left out, seen as null. #}

{%- set terms = 400 %}
{%- set least_log = -40 %}
{%- set series_limit = 0.97 %}
{%- set weeks_per_month = 365.25 / 84 %}

with

models as (
    select * from {{ ref('int_lifetime_models') }}
),

classes as (
    select
        history_window,
        repeat_day_count,
        age_days,
        cast(max(age_weeks) as {{ type_double() }}) as age_weeks
    from {{ ref('fct_purchase_histories') }}
    group by history_window, repeat_day_count, age_days
),

horizons as (
    select
        'whole' as history_window,
        months.number as horizon_number,
        cast(months.number * {{ weeks_per_month }} as {{ type_double() }}) as horizon_weeks,
        exp(
            -months.number / 12.0 * ln(1 + {{ var('lifetime_discount_annual_ratio') }})
        ) as discount_ratio,
        months.number = {{ var('lifetime_horizon_months') }} as is_last
    from ({{ numbers_to(var('lifetime_horizon_months')) }}) as months
    union all
    select
        'calibration' as history_window,
        cast(1 as {{ dbt.type_bigint() }}) as horizon_number,
        cast({{ var('lifetime_holdout_weeks') }} as {{ type_double() }}) as horizon_weeks,
        cast(1 as {{ type_double() }}) as discount_ratio,
        true as is_last
),

numbers as (
    {{ numbers_to(terms) }}
),

terms_of_number as (
    select
        models.history_window,
        numbers.number,
        {{ bg_nbd_term_of_number('numbers.number') }} as term_log
    from models
    cross join numbers
),

repeats as (
    select
        history_window,
        repeat_day_count
    from classes
    group by history_window, repeat_day_count
),

terms_of_repeats as (
    select
        repeats.history_window,
        repeats.repeat_day_count,
        numbers.number,
        {{ bg_nbd_term_of_repeats('repeats.repeat_day_count', 'numbers.number') }} as term_log
    from repeats
    inner join models
        on repeats.history_window = models.history_window
    cross join numbers
),

arguments as (
    select
        classes.history_window,
        classes.repeat_day_count,
        classes.age_days,
        classes.age_weeks,
        horizons.horizon_number,
        horizons.horizon_weeks,
        horizons.discount_ratio,
        horizons.is_last,
        horizons.horizon_weeks / (models.alpha + classes.age_weeks + horizons.horizon_weeks) as z,
        {# From here on terms are nothing beside the first. #}
        1 + floor(
            {{ least_log }}
            / ln(
                horizons.horizon_weeks
                / (models.alpha + classes.age_weeks + horizons.horizon_weeks)
            )
        ) as last_number
    from classes
    inner join models
        on classes.history_window = models.history_window
    inner join horizons
        on classes.history_window = horizons.history_window
),

series as (
    select
        arguments.history_window,
        arguments.repeat_day_count,
        arguments.age_days,
        arguments.horizon_number,
        cast(
            sum(
                cast(
                    exp(
                        terms_of_number.term_log + terms_of_repeats.term_log
                        + numbers.number * ln(arguments.z)
                    ) as decimal(28, 18)
                )
            ) as {{ type_double() }}
        ) as series_sum
    from arguments
    inner join numbers
        on arguments.last_number >= numbers.number
    inner join terms_of_number
        on arguments.history_window = terms_of_number.history_window
        and numbers.number = terms_of_number.number
    inner join terms_of_repeats
        on arguments.history_window = terms_of_repeats.history_window
        and arguments.repeat_day_count = terms_of_repeats.repeat_day_count
        and numbers.number = terms_of_repeats.number
    where arguments.z < {{ series_limit }}
    group by
        arguments.history_window,
        arguments.repeat_day_count,
        arguments.age_days,
        arguments.horizon_number
),

expected as (
    select
        arguments.history_window,
        arguments.repeat_day_count,
        arguments.age_days,
        arguments.horizon_number,
        arguments.discount_ratio,
        arguments.is_last,
        {{ bg_nbd_alive_purchases(
            'arguments.repeat_day_count', 'arguments.age_weeks', 'arguments.horizon_weeks',
            'series.series_sum'
        ) }} as purchase_count
    from arguments
    inner join models
        on arguments.history_window = models.history_window
    left join series
        on arguments.history_window = series.history_window
        and arguments.repeat_day_count = series.repeat_day_count
        and arguments.age_days = series.age_days
        and arguments.horizon_number = series.horizon_number
),

steps as (
    select
        *,
        purchase_count - coalesce(
            lag(purchase_count) over (
                partition by history_window, repeat_day_count, age_days order by horizon_number
            ),
            0
        ) as step_count
    from expected
),

final as (
    select
        history_window,
        repeat_day_count,
        age_days,
        max(case when is_last then cast(purchase_count as decimal(28, 15)) end)
            as alive_purchase_count,
        case
            when count(purchase_count) = count(*)
                then cast(
                    sum(cast(step_count * discount_ratio as decimal(28, 15))) as decimal(28, 15)
                )
        end as alive_discounted_count
    from steps
    group by history_window, repeat_day_count, age_days
)

select * from final
