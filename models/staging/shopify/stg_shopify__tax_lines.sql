with

source as (
    select * from {{ source('shopify', 'tax_line') }}
),

final as (
    select
        _source_relation as source_relation,
        order_line_id as shopify_order_line_id,
        {{ adapter.quote('index') }} as tax_line_number,
        title as tax_title,
        cast(rate as decimal(28, 10)) as tax_ratio,
        {{ money('price') }} as tax_amount,
        _fivetran_synced as synced_at
    from source
)

select * from final
