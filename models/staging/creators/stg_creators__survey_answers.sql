with

source as (
    select * from {{ source('creators', 'creator_survey_answer') }}
    where not coalesce(_fivetran_deleted, false)
),

final as (
    select
        _source_relation as source_relation,
        order_id as shopify_order_id,
        answer as answer_text,
        answered_at,
        _fivetran_synced as synced_at
    from source
)

select * from final
