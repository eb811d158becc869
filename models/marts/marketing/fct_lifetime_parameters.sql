{# The newest fit that was taken, not later than as_of; else what stands in lifetime_priors. Of a
   refused fit only the reason is told. #}

with

as_of as (
    select as_of_at
    from {{ ref('int_as_of') }}
),

fits as (
    select
        fits.*,
        row_number() over (
            partition by fits.history_window, fits.model_name, fits.parameter_name, fits.is_accepted
            order by fits.as_of_at desc
        ) as place
    from {{ ref('stg_fits__lifetime_parameters') }} as fits
    inner join as_of
        on fits.as_of_at <= as_of.as_of_at
),

taken as (
    select * from fits
    where is_accepted and place = 1
),

refused as (
    select * from fits
    where not is_accepted and place = 1
),

priors as (
    select * from {{ ref('lifetime_priors') }}
),

windows as (
    select
        history_window,
        history_to_date
    from {{ ref('fct_purchase_histories') }}
    group by history_window, history_to_date
),

spends as (
    select
        windows.history_window,
        cast(sum(purchase_days.purchase_amount) as {{ type_double() }}) / count(*) as mean_amount
    from {{ ref('int_purchase_days') }} as purchase_days
    cross join windows
    where purchase_days.purchase_date <= windows.history_to_date
    group by windows.history_window
),

shapes as (
    select
        max(case when parameter_name = 'p' then estimate end) as p,
        max(case when parameter_name = 'q' then estimate end) as q
    from priors
    where model_name = 'gamma_gamma'
),

known as (
    select
        spends.history_window,
        priors.model_name,
        priors.parameter_name,
        priors.estimate
    from priors
    cross join spends
    union all
    {# The population's mean, p × gamma / (q - 1), is the brand's. #}
    select
        spends.history_window,
        'gamma_gamma' as model_name,
        'gamma' as parameter_name,
        cast(spends.mean_amount * (shapes.q - 1) / shapes.p as decimal(18, 6)) as estimate
    from shapes
    cross join spends
),

final as (
    select
        known.history_window,
        known.model_name,
        known.parameter_name,
        case when taken.model_name is null then 'prior' else 'fit' end as parameter_origin,
        case
            when
                refused.as_of_at is not null
                and (taken.as_of_at is null or refused.as_of_at > taken.as_of_at)
                then refused.refusal
        end as refusal,
        cast(coalesce(taken.estimate, known.estimate) as decimal(18, 6)) as estimate,
        cast(taken.estimate_low as decimal(18, 6)) as estimate_low,
        cast(taken.estimate_high as decimal(18, 6)) as estimate_high,
        cast(taken.log_likelihood as decimal(18, 6)) as log_likelihood,
        cast(taken.spend_correlation as decimal(9, 6)) as spend_correlation,
        taken.customer_count,
        taken.repeater_count,
        coalesce(
            abs(taken.spend_correlation) >= {{ var('lifetime_spend_correlation_maximum') }}, false
        ) as has_correlated_spend,
        taken.as_of_at as fitted_as_of_at
    from known
    left join taken
        on known.history_window = taken.history_window
        and known.model_name = taken.model_name
        and known.parameter_name = taken.parameter_name
    left join refused
        on known.history_window = refused.history_window
        and known.model_name = refused.model_name
        and known.parameter_name = refused.parameter_name
)

select * from final
