{{ config(access='private') }}

{# What landing could not take counts nowhere, which a sum does not show. A row that comes again
   with every export is one finding, shown where it stood last. #}

with

quarantine as (
    select * from {{ ref('stg_landing__quarantine') }}
),

ranked as (
    select
        *,
        min(quarantined_at) over (partition by source_table, row_hash) as first_seen_at,
        row_number() over (
            partition by source_table, row_hash
            order by quarantined_at desc, file_digest desc, file_row_number desc
        ) as sighting_number
    from quarantine
),

final as (
    select
        'quarantined_row' as finding,
        cast(null as {{ dbt.type_string() }}) as order_id,
        cast(null as {{ dbt.type_string() }}) as order_line_id,
        'quarantine:' || source_table || ':' || row_hash as source_row,
        cast(null as decimal(18, 4)) as amount,
        source_table || ': ' || reason || '. It stands in raw_landing.quarantine'
        || coalesce(
            ' (row ' || cast(file_row_number as {{ dbt.type_string() }}) || ' of ' || file_name
            || ')', ''
        )
        || ' and counts nowhere, unless a later file brought it right.' as reason,
        {{ shop_date('first_seen_at') }} as found_date
    from ranked
    where sighting_number = 1
)

select * from final
