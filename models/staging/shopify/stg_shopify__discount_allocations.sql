with

source as (
    select * from {{ source('shopify', 'discount_allocation') }}
),

final as (
    select
        _source_relation as source_relation,
        order_line_id as shopify_order_line_id,
        {{ adapter.quote('index') }} as discount_allocation_number,
        discount_application_index as discount_application_number,
        {{ money('amount') }} as discount_amount,
        _fivetran_synced as synced_at
    from source
)

select * from final
