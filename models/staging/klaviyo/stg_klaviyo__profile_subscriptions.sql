with

source as (
    select * from {{ source('klaviyo', 'profile_subscription') }}
),

final as (
    select
        _source_relation as source_relation,
        profile_id as klaviyo_profile_id,
        channel,
        consent as consent_state,
        method as consent_method,
        suppression_reason,
        coalesce(double_optin, false) as is_double_opt_in,
        consent_timestamp as consented_at,
        last_updated as updated_at,
        suppression_timestamp as suppressed_at,
        _fivetran_synced as synced_at
    from source
)

select * from final
