{# Which record gives each field of a customer, by the seed. Only the pointer to the record is
   stored; the value stays in the record.

   The record in first place decides by its rule: newest makes it the only voter, otherwise the
   first window_count records vote, whatever their rules. #}

with

sightings as (
    select * from {{ ref('int_customer_field_sightings') }}
),

survivorship_rules as (
    select * from {{ ref('survivorship_rules') }}
),

verifications as (
    select true as is_verified
    union all
    select false as is_verified
),

-- A verified value may meet two rules of one source: the more preferred one counts.
ranked_rules as (
    select
        survivorship_rules.rule,
        survivorship_rules.field,
        survivorship_rules.source_table,
        verifications.is_verified,
        survivorship_rules.place,
        case when survivorship_rules.tie = 'newest' then 1 else survivorship_rules.window_count end
            as voter_count,
        row_number() over (
            partition by
                survivorship_rules.field,
                survivorship_rules.source_table,
                verifications.is_verified
            order by survivorship_rules.place, survivorship_rules.rule
        ) as rule_number
    from survivorship_rules
    cross join verifications
    where verifications.is_verified or not survivorship_rules.only_verified
),

ranked as (
    select
        sightings.*,
        ranked_rules.rule,
        ranked_rules.voter_count,
        row_number() over (
            partition by sightings.customer_id, sightings.field
            order by
                ranked_rules.place asc,
                sightings.seen_at desc,
                sightings.source_relation asc,
                sightings.source_row_id asc,
                sightings.source_table asc
        ) as record_number
    from sightings
    inner join ranked_rules
        on sightings.field = ranked_rules.field
        and sightings.source_table = ranked_rules.source_table
        and sightings.is_verified = ranked_rules.is_verified
        and ranked_rules.rule_number = 1
),

firsts as (
    select
        customer_id,
        field,
        voter_count
    from ranked
    where record_number = 1
),

votes as (
    select
        ranked.customer_id,
        ranked.field,
        ranked.value_hash,
        min(ranked.record_number) as record_number,
        sum(case when ranked.record_number <= firsts.voter_count then 1 else 0 end) as vote_count
    from ranked
    inner join firsts
        on ranked.customer_id = firsts.customer_id
        and ranked.field = firsts.field
    group by ranked.customer_id, ranked.field, ranked.value_hash
),

counted as (
    select
        customer_id,
        field,
        record_number,
        row_number() over (
            partition by customer_id, field
            order by vote_count desc, record_number asc
        ) as value_number,
        count(*) over (partition by customer_id, field) as value_count
    from votes
),

final as (
    select
        ranked.customer_id,
        ranked.field,
        ranked.source_relation,
        ranked.source_table,
        ranked.source_row_id,
        ranked.rule,
        counted.value_count - 1 as alternative_count,
        ranked.seen_at
    from counted
    inner join ranked
        on counted.customer_id = ranked.customer_id
        and counted.field = ranked.field
        and counted.record_number = ranked.record_number
    where counted.value_number = 1
)

select * from final
