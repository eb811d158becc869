with

source as (
    select * from {{ source('creators', 'creator_post') }}
    where not coalesce(_fivetran_deleted, false)
),

final as (
    select
        _source_relation as source_relation,
        post_id as creator_post_id,
        creator_id,
        contract_id as creator_contract_id,
        lower(trim(platform)) as platform,
        lower(trim(language)) as caption_language,
        lower(trim(media_type)) as media_type,
        caption,
        coalesce(has_platform_label, false) as has_platform_label,
        has_spoken_disclosure,
        has_on_screen_disclosure,
        posted_at,
        edited_at,
        _fivetran_synced as synced_at
    from source
)

select * from final
