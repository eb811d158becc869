with

source as (
    select * from {{ source('creators', 'creator_contract') }}
    where not coalesce(_fivetran_deleted, false)
),

final as (
    select
        _source_relation as source_relation,
        contract_id as creator_contract_id,
        creator_id,
        lower(trim(relationship)) as relationship,
        lower(trim(fee_type)) as fee_type,
        upper(trim(currency)) as currency,
        agreed_post_count,
        {{ money('fee_amount') }} as fee_amount,
        starts_at,
        ends_at,
        _fivetran_synced as synced_at
    from source
)

select * from final
