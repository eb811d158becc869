{# Households are a layer over customers: each customer stays a row of her own, in one household,
   and a household counts exactly the customers who name it. #}
with

seeds as (
    select
        customer_id,
        count(*) as seed_count
    from {{ ref('customer_seeds') }}
    group by customer_id
),

customers as (
    select
        customer_id,
        min(household_id) as household_id,
        count(*) as row_count
    from {{ ref('dim_customers') }}
    group by customer_id
),

members as (
    select
        household_id,
        count(*) as member_count
    from {{ ref('dim_customers') }}
    group by household_id
),

households as (
    select * from {{ ref('dim_households') }}
)

select
    'a customer is lost, doubled or without a household' as finding,
    coalesce(seeds.customer_id, customers.customer_id) as id
from seeds
full outer join customers
    on seeds.customer_id = customers.customer_id
where
    seeds.customer_id is null
    or customers.household_id is null
    or customers.row_count <> 1
union all
select
    'a household counts others than its members' as finding,
    coalesce(households.household_id, members.household_id) as id
from households
full outer join members
    on households.household_id = members.household_id
where
    households.household_id is null
    or members.household_id is null
    or households.member_count <> members.member_count
