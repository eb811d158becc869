with

source as (
    select * from {{ source('costs', 'unit_cost_history') }}
),

final as (
    select
        _source_relation as source_relation,
        sku,
        valid_from,
        currency,
        cost_source,
        {{ money('cost') }} as unit_cost_amount,
        _fivetran_synced as synced_at
    from source
)

select * from final
