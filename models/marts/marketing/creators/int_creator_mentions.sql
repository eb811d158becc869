{{ config(access='private') }}

{# Whom the customer of an order named when asked: one creator whose handle or name her words
   resemble at least by creator_name_similarity_minimum, and no other. Two are nobody. #}

with

answers as (
    select
        source_relation,
        shopify_order_id,
        {{ letters_and_digits('lower(answer_text)') }} as answer_text
    from {{ ref('stg_creators__survey_answers') }}
),

spellings as (
    select
        source_relation || ':' || creator_id as creator_id,
        {{ letters_and_digits('lower(creator_handle)') }} as spelling
    from {{ ref('stg_creators__creators') }}
    union all
    select
        source_relation || ':' || creator_id as creator_id,
        {{ letters_and_digits('lower(creator_name)') }} as spelling
    from {{ ref('stg_creators__creators') }}
),

resemblances as (
    select
        answers.source_relation,
        answers.shopify_order_id,
        spellings.creator_id
    from answers
    inner join spellings
        on length(spellings.spelling) > 0
        and length(answers.answer_text) > 0
        and greatest(length(answers.answer_text), length(spellings.spelling))
        * (1 - {{ var('creator_name_similarity_minimum') }})
        >= {{ edit_distance('answers.answer_text', 'spellings.spelling') }}
    group by answers.source_relation, answers.shopify_order_id, spellings.creator_id
),

named as (
    select
        source_relation,
        shopify_order_id,
        min(creator_id) as creator_id
    from resemblances
    group by source_relation, shopify_order_id
    having count(*) = 1
),

final as (
    select
        orders.order_id,
        named.creator_id,
        orders.order_date
    from {{ ref('fct_orders') }} as orders
    inner join answers
        on orders.source_relation = answers.source_relation
        and orders.shopify_order_id = answers.shopify_order_id
    left join named
        on answers.source_relation = named.source_relation
        and answers.shopify_order_id = named.shopify_order_id
    where orders.order_scope = 'dtc'
)

select * from final
