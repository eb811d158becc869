-- A published id is held by its seed and by further records (anchors), so that erasing a row does
-- not lose it. Where its records lie apart, the part with the most senior of them has the id; the
-- others begin anew.
with

components as (
    select * from {{ ref('int_identity_components') }}
),

seeds as (
    select * from {{ ref('stg_ledger__customer_ids') }}
),

anchors as (
    select * from {{ ref('stg_ledger__customer_anchors') }}
),

registered as (
    select
        {{ record_key() }} as node_key,
        customer_id,
        0 as anchor_number,
        as_of_at
    from seeds
    union all
    select
        {{ record_key() }} as node_key,
        customer_id,
        anchor_number,
        as_of_at
    from anchors
),

known as (
    select * from registered
    {%- if var('as_of') %}
    where coalesce(as_of_at <= {{ as_of_at('') }}, true)
    {%- endif %}
),

living as (
    select
        components.component,
        known.node_key,
        known.customer_id,
        known.anchor_number,
        row_number() over (
            partition by known.customer_id
            order by known.anchor_number, known.node_key
        ) as seniority
    from known
    inner join components on known.node_key = components.node
),

claiming as (
    select
        component,
        customer_id
    from living
    where seniority = 1
),

ranked as (
    select
        claiming.component,
        claiming.customer_id,
        row_number() over (
            partition by claiming.component
            order by
                case when seeds.as_of_at is null then 0 else 1 end,
                seeds.as_of_at,
                case when seeds.first_ordered_at is null then 1 else 0 end,
                seeds.first_ordered_at,
                case when seeds.first_seen_at is null then 1 else 0 end,
                seeds.first_seen_at,
                claiming.customer_id
        ) as place
    from claiming
    inner join seeds on claiming.customer_id = seeds.customer_id
),

-- Facts fixed when the ids were registered decide which survives: the one published first, then the
-- one with the first order, the first sighting, the smaller id. Older rows that land later do not
-- change it, and an id that was made while two parts lay apart gives way when they meet again.
survivors as (
    select
        component,
        customer_id
    from ranked
    where place = 1
),

final as (
    select
        living.node_key,
        living.component,
        living.customer_id as claimed_customer_id,
        survivors.customer_id,
        living.anchor_number,
        living.seniority = 1 as is_claim
    from living
    left join survivors on living.component = survivors.component
)

select * from final
