with

source as (
    select * from {{ source('creators', 'creator_affiliate_line') }}
    where not coalesce(_fivetran_deleted, false)
),

final as (
    select
        _source_relation as source_relation,
        creator_id,
        shop_relation,
        order_line_id as shopify_order_line_id,
        upper(trim(currency)) as currency,
        {{ money('commission') }} as commission_amount,
        _fivetran_synced as synced_at
    from source
)

select * from final
