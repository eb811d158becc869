-- "X is not Y" by hand. X leaves with what stronger links than those that join it to Y had joined:
-- alone where an account joins them, with her account where an address does, with the whole part
-- where a phone or browser does.
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
        leaving.weak_group,
        case
            when leaving.proven_part = staying.proven_part then 'record'
            when leaving.strong_part = staying.strong_part then 'proven_part'
            else 'strong_part'
        end as leaving_kind,
        case
            when leaving.proven_part = staying.proven_part then leaving.node_key
            when leaving.strong_part = staying.strong_part then leaving.proven_part
            else leaving.strong_part
        end as leaving_key
    from instructions
    inner join groups as leaving on instructions.left_node = leaving.node_key
    inner join groups as staying
        on instructions.right_node = staying.node_key
        and leaving.weak_group = staying.weak_group
)

select * from final
