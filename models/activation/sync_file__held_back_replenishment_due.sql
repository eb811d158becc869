with

members as (
    select customer_id from {{ ref('audience_replenishment_due') }}
    where {{ is_held_back('customer_id', 'replenishment_due') }}
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

{# Both arms are asked for the same yes, or they could not be compared. #}
shaped as (
    select
        dim_customers.customer_id,
        'replenishment_due' as segment,
        {{ normaliser_version() }} as normaliser_version
    from dim_customers
    inner join members
        on dim_customers.customer_id = members.customer_id
    where {{ eligible('email', 'marketing') }} and dim_customers.email is not null
),

final as (
    select
        customer_id,
        segment,
        normaliser_version,
        {{ row_hash(['segment', 'normaliser_version']) }} as row_hash
    from shaped
)

select * from final
