with

charges as (
    select * from {{ ref('int_subscription_charges') }}
),

final as (
    select
        subscription_charge_id,
        charge_id,
        subscription_id,
        order_id,
        customer_id,
        source_relation,
        sku,
        charge_type,
        charge_status,
        error_type,
        currency,
        cycle_number,
        attempt_count,
        order_count,
        cast(quantity as {{ dbt.type_bigint() }}) as quantity,
        exchange_rate,
        charge_amount,
        charge_shop_amount,
        is_paid,
        is_cycle_repeated,
        due_date,
        charge_date,
        charged_at
    from charges
)

select * from final
