with

field_choices as (
    select * from {{ ref('int_customer_field_choices') }}
),

customers as (
    select customer_id from {{ ref('customer_seeds') }}
),

final as (
    select
        field_choices.customer_id,
        field_choices.field,
        field_choices.source_relation,
        field_choices.source_table,
        field_choices.source_row_id,
        field_choices.rule,
        cast(field_choices.alternative_count as {{ dbt.type_bigint() }}) as alternative_count,
        field_choices.seen_at
    from field_choices
    inner join customers
        on field_choices.customer_id = customers.customer_id
)

select * from final
