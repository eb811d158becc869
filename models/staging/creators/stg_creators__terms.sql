with

source as (
    select * from {{ source('creators', 'creator_term') }}
    where not coalesce(_fivetran_deleted, false)
),

final as (
    select
        _source_relation as source_relation,
        contract_id as creator_contract_id,
        upper(trim(currency)) as currency,
        cast(commission_ratio as decimal(9, 6)) as commission_ratio,
        {{ money('rights_fee') }} as rights_fee_amount,
        rights_from as rights_from_date,
        rights_to as rights_to_date,
        _fivetran_synced as synced_at
    from source
)

select * from final
