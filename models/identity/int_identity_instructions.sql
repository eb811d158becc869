-- Of a pair of records, and of an identifier, the newest instruction holds.
with

instructions as (
    select * from {{ ref('stg_ledger__identity_instructions') }}
),

as_of as (
    select {{ as_of_at('max(newest_source_at)') }} as as_of_at
    from {{ ref('stg_landing__as_of_times') }}
),

known as (
    select
        instructions.*,
        case
            when instructions.left_node_key < instructions.right_node_key
                then instructions.left_node_key
            else instructions.right_node_key
        end as lower_node_key,
        case
            when instructions.left_node_key < instructions.right_node_key
                then instructions.right_node_key
            else instructions.left_node_key
        end as upper_node_key
    from instructions
    cross join as_of
    {%- if var('as_of') %}
    where instructions.recorded_at <= as_of.as_of_at
    {%- endif %}
),

ranked as (
    select
        *,
        row_number() over (
            partition by
                lower_node_key,
                upper_node_key,
                identifier_type,
                identifier_scope,
                identifier_value
            order by ledger_sequence desc
        ) as place
    from known
),

final as (
    select
        cast(ledger_sequence as {{ dbt.type_string() }}) as instruction_id,
        kind,
        left_node_key as left_node,
        right_node_key as right_node,
        identifier_type,
        identifier_scope,
        identifier_value,
        reason,
        recorded_at as instructed_at
    from ranked
    where place = 1
)

select * from final
