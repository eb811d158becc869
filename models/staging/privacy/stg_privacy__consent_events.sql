with

source as (
    select * from {{ source('privacy', 'consent_event') }}
),

final as (
    select
        _source_relation as source_relation,
        consent_event_id,
        identifier_type,
        identifier_value,
        purpose,
        channel,
        state as consent_state,
        jurisdiction,
        source as consent_source,
        proof,
        occurred_at,
        _fivetran_synced as synced_at
    from source
)

select * from final
