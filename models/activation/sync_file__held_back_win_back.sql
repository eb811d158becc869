with

members as (
    select customer_id from {{ ref('audience_win_back') }}
    where {{ is_held_back('customer_id', 'win_back') }}
),

dim_customers as (
    select * from {{ ref('dim_customers') }}
),

{# Both arms are asked for the same yes, or they could not be compared. #}
shaped as (
    select
        dim_customers.customer_id,
        'win_back' as segment,
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
