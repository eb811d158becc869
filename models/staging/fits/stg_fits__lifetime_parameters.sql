with

source as (
    select * from {{ source('fits', 'lifetime_parameter') }}
),

final as (
    select
        history_window,
        model_name,
        parameter_name,
        refusal,
        estimate,
        estimate_low,
        estimate_high,
        log_likelihood,
        spend_correlation,
        customer_count,
        repeater_count,
        is_accepted,
        as_of_at
    from source
)

select * from final
