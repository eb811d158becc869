{# The row itself stays where it is: it may hold anything. Its hash tells one that came before. #}

with

source as (
    select * from {{ source('landing', 'quarantine') }}
),

final as (
    select
        source_table,
        file_name,
        file_digest,
        row_number as file_row_number,
        reason,
        {{ md5_hex("coalesce(row_json, '')") }} as row_hash,
        quarantined_at
    from source
)

select * from final
