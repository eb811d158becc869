with

source as (
    select * from {{ source('surveys', 'post_purchase_answer') }}
    where not coalesce(_fivetran_deleted, false)
),

final as (
    select
        _source_relation as source_relation,
        response_id,
        answer_number,
        order_id as shopify_order_id,
        lower(trim(question)) as question,
        lower(trim(answer)) as answer,
        lower(trim(free_text)) as free_text,
        option_order,
        asked_at,
        answered_at,
        _fivetran_synced as synced_at
    from source
)

select * from final
