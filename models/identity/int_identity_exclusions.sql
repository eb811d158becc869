-- "X is not Y" by hand. X leaves with what stronger links than those that join it to Y had joined:
-- alone where an account joins them, with her account where an address does, with the strong part
-- where a phone or browser does, with the whole group where only a person did.
with

instructions as (
    select * from {{ ref('int_identity_instructions') }}
    where kind = 'unlink'
),

groups as (
    select * from {{ ref('int_identity_groups') }}
),

final as (
    select
        instructions.instruction_id,
        instructions.left_node,
        instructions.right_node,
        instructions.reason,
        leaving.whole_group,
        case
            when leaving.proven_part = staying.proven_part then 'record'
            when leaving.strong_part = staying.strong_part then 'proven_part'
            when leaving.weak_group = staying.weak_group then 'strong_part'
            else 'weak_group'
        end as leaving_kind,
        case
            when leaving.proven_part = staying.proven_part then leaving.node_key
            when leaving.strong_part = staying.strong_part then leaving.proven_part
            when leaving.weak_group = staying.weak_group then leaving.strong_part
            else leaving.weak_group
        end as leaving_key,
        instructions.instructed_at
    from instructions
    inner join groups as leaving on instructions.left_node = leaving.node_key
    inner join groups as staying
        on instructions.right_node = staying.node_key
        and leaving.whole_group = staying.whole_group
)

select * from final
