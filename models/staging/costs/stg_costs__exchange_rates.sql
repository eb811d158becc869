with

source as (
    select * from {{ source('costs', 'exchange_rate') }}
),

final as (
    select
        _source_relation as source_relation,
        from_currency,
        to_currency,
        rate_date,
        cast(rate as decimal(28, 10)) as exchange_rate,
        _fivetran_synced as synced_at
    from source
)

select * from final
