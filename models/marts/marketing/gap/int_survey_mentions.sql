{{ config(access='private') }}

{# Which channels a buyer named. Of two responses for one order the newest counts; of several answers
   each is worth its part, so that an order is one order whatever was ticked. #}

with

answers as (
    select * from {{ ref('stg_surveys__answers') }}
    where
        question = '{{ var("survey_question") }}'
        and coalesce(answer, free_text, '') <> ''
),

rules as (
    select * from {{ ref('survey_answers') }}
),

responses as (
    select
        source_relation,
        shopify_order_id,
        response_id,
        row_number() over (
            partition by source_relation, shopify_order_id
            order by max(answered_at) desc, response_id asc
        ) as response_place
    from answers
    group by source_relation, shopify_order_id, response_id
),

matched as (
    select
        answers.source_relation,
        answers.shopify_order_id,
        answers.response_id,
        answers.answer_number,
        rules.channel,
        row_number() over (
            partition by answers.source_relation, answers.response_id, answers.answer_number
            order by rules.rule_rank asc
        ) as rule_place
    from answers
    inner join responses
        on answers.source_relation = responses.source_relation
        and answers.response_id = responses.response_id
        and answers.shopify_order_id = responses.shopify_order_id
        and responses.response_place = 1
    left join rules
        on (rules.match_kind = 'option' and answers.answer like rules.pattern)
        or (rules.match_kind = 'text' and answers.free_text like rules.pattern)
),

named as (
    select
        {{ concat_text(['source_relation', 'shopify_order_id'], ':') }} as order_id,
        coalesce(channel, 'unmapped') as channel,
        answer_number,
        count(*) over (partition by source_relation, shopify_order_id) as answer_count,
        row_number() over (
            partition by source_relation, shopify_order_id order by answer_number
        ) as answer_place
    from matched
    where rule_place = 1
),

final as (
    select
        order_id,
        channel,
        cast(
            sum(
                {{ integer_quotient('1000000', 'answer_count') }}
                + case when answer_place <= mod(1000000, answer_count) then 1 else 0 end
            ) * 0.000001 as decimal(9, 6)
        ) as mention_ratio
    from named
    group by order_id, channel
)

select * from final
