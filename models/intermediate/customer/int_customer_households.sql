{# A household is named after its oldest member, so that it keeps its id while she stays, whoever
   comes and goes. #}

with

components as (
    select * from {{ ref('int_customer_household_components') }}
),

customers as (
    select * from {{ ref('customer_seeds') }}
),

members as (
    select
        components.component,
        customers.customer_id,
        customers.first_seen_at,
        row_number() over (
            partition by components.component
            order by customers.first_seen_at asc, customers.customer_id asc
        ) as member_number,
        count(*) over (partition by components.component) as member_count
    from components
    inner join customers
        on components.node = customers.customer_id
),

oldest as (
    select
        component,
        'hou_' || {{ md5_hex('customer_id') }} as household_id,
        first_seen_at
    from members
    where member_number = 1
),

final as (
    select
        members.customer_id,
        oldest.household_id,
        members.member_count,
        oldest.first_seen_at
    from members
    inner join oldest
        on members.component = oldest.component
)

select * from final
