with

source as (
    select * from {{ source('shopify', 'order_discount_code') }}
),

final as (
    select
        _source_relation as source_relation,
        order_id as shopify_order_id,
        {{ adapter.quote('index') }} as discount_code_number,
        code as discount_code,
        type as discount_type,
        {{ money('amount') }} as discount_amount,
        _fivetran_synced as synced_at
    from source
)

select * from final
