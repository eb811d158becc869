with

landed_times as (
    select * from {{ ref('stg_landing__as_of_times') }}
),

final as (
    select
        {% if var('as_of') -%}
        cast('{{ var("as_of") }}' as {{ dbt.type_timestamp() }}) as as_of_at
        {%- else -%}
        max(newest_source_at) as as_of_at
        {%- endif %}
    from landed_times
)

select * from final
