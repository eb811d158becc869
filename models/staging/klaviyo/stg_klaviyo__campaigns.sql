with

source as (
    select * from {{ source('klaviyo', 'campaign') }}
),

final as (
    select
        _source_relation as source_relation,
        id as klaviyo_campaign_id,
        name as campaign_name,
        subject,
        status as campaign_status,
        from_email as sender_address,
        send_time as sent_at,
        _fivetran_synced as synced_at
    from source
)

select * from final
