-- What this build makes of every published id, beside what the ledger last knew of it. A change is
-- dated by as_of, never at or before the last one.
with

claims as (
    select * from {{ ref('int_identity_claims') }}
    where is_claim
),

edges as (
    select * from {{ ref('int_identity_edges') }}
),

components as (
    select * from {{ ref('int_identity_components') }}
),

instructions as (
    select * from {{ ref('int_identity_instructions') }}
    where kind = 'unlink'
),

known_changes as (
    select * from {{ ref('stg_ledger__customer_id_changes') }}
    {%- if var('as_of') %}
    where changed_at <= {{ as_of_at('') }}
    {%- endif %}
),

as_of as (
    select {{ as_of_at('max(newest_source_at)') }} as as_of_at
    from {{ ref('stg_landing__as_of_times') }}
),

ranked_changes as (
    select
        *,
        row_number() over (
            partition by old_customer_id
            order by changed_at desc, ledger_sequence desc
        ) as place
    from known_changes
),

last_changes as (
    select * from ranked_changes
    where place = 1
),

newest_links as (
    select
        components.component,
        edges.rule,
        row_number() over (
            partition by components.component
            order by
                case when edges.strength = 'S0' then 0 else 1 end,
                edges.linked_at desc,
                edges.strength asc,
                edges.rule asc
        ) as place
    from edges
    inner join components on edges.left_node = components.node
),

taken_apart as (
    select components.component
    from instructions
    inner join components
        on instructions.left_node = components.node
        or instructions.right_node = components.node
    group by components.component
),

compared as (
    select
        claims.claimed_customer_id as old_customer_id,
        claims.customer_id,
        claims.component,
        coalesce(last_changes.customer_id, claims.claimed_customer_id) as last_customer_id,
        case
            when last_changes.changed_at >= as_of.as_of_at
                then {{ dbt.dateadd('second', 1, 'last_changes.changed_at') }}
            else as_of.as_of_at
        end as changed_at
    from claims
    cross join as_of
    left join last_changes on claims.claimed_customer_id = last_changes.old_customer_id
),

found as (
    select
        compared.old_customer_id,
        case
            when compared.customer_id <> compared.old_customer_id then compared.customer_id
        end as customer_id,
        case
            when
                compared.customer_id = compared.old_customer_id
                and taken_apart.component is not null
                then 'taken apart by hand'
            when compared.customer_id = compared.old_customer_id
                then 'the evidence expired, was blocked or went'
            when newest_links.rule = 'by_hand' then 'joined by hand'
            else 'joined by ' || newest_links.rule
        end as reason,
        compared.changed_at
    from compared
    left join newest_links
        on compared.component = newest_links.component
        and newest_links.place = 1
    left join taken_apart on compared.component = taken_apart.component
    where compared.customer_id <> compared.last_customer_id
),

final as (
    select
        old_customer_id,
        customer_id,
        reason,
        changed_at
    from known_changes
    union all
    select
        old_customer_id,
        customer_id,
        reason,
        changed_at
    from found
)

select * from final
