with

source as (
    select * from {{ source('klaviyo', 'event') }}
),

final as (
    select
        _source_relation as source_relation,
        id as klaviyo_event_id,
        person_id as klaviyo_profile_id,
        metric_id as klaviyo_metric_id,
        campaign_id as klaviyo_campaign_id,
        flow_id as klaviyo_flow_id,
        property_url as clicked_url,
        property_client_name as mail_client_name,
        property_bounce_type as bounce_type,
        coalesce(is_machine_open, false) as is_machine_open,
        datetime as occurred_at,
        _fivetran_synced as synced_at
    from source
)

select * from final
