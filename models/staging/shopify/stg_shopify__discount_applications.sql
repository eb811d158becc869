with

source as (
    select * from {{ source('shopify', 'discount_application') }}
),

final as (
    select
        _source_relation as source_relation,
        order_id as shopify_order_id,
        {{ adapter.quote('index') }} as discount_application_number,
        type as discount_type,
        code as discount_code,
        title as discount_title,
        target_type,
        target_selection,
        allocation_method,
        value_type,
        cast({{ adapter.quote('value') }} as decimal(28, 10)) as discount_value,
        _fivetran_synced as synced_at
    from source
)

select * from final
