{# What a stock code stands for. A rule for the shop goes before a rule for any, a whole code before
   the beginning of one, a longer beginning before a shorter; a code without a rule is merchandise,
   unless every line of it is a gift card. #}

with

order_lines as (
    select
        source_relation,
        sku,
        is_gift_card
    from {{ ref('int_order_lines') }}
),

refund_lines as (
    select
        source_relation,
        sku,
        is_gift_card
    from {{ ref('int_refund_lines') }}
),

class_rules as (
    select * from {{ ref('product_classes') }}
),

codes as (
    select
        source_relation,
        coalesce(sku, 'unknown') as sku,
        min(case when is_gift_card then 1 else 0 end) = 1 as is_gift_card
    from (
        select * from order_lines
        union all
        select * from refund_lines
    ) as code_lines
    group by source_relation, coalesce(sku, 'unknown')
),

ranked as (
    select
        codes.source_relation,
        codes.sku,
        class_rules.product_class,
        class_rules.class_rule,
        row_number() over (
            partition by codes.source_relation, codes.sku
            order by
                case when class_rules.source_relation = 'any' then 1 else 0 end,
                case when class_rules.match_kind = 'code' then 0 else 1 end,
                length(class_rules.sku_text) desc,
                class_rules.class_rule
        ) as rule_number
    from codes
    inner join class_rules
        on (
            codes.source_relation = class_rules.source_relation
            or class_rules.source_relation = 'any'
        )
        and upper(class_rules.sku_text) = case
            when class_rules.match_kind = 'code' then upper(codes.sku)
            else substr(upper(codes.sku), 1, length(class_rules.sku_text))
        end
),

final as (
    select
        codes.source_relation,
        codes.sku,
        case
            when ranked.product_class is not null then ranked.product_class
            when codes.is_gift_card then 'gift_voucher'
            else 'merchandise'
        end as product_class,
        case
            when ranked.class_rule is not null then ranked.class_rule
            when codes.is_gift_card then 'gift card of the shop'
            else 'no rule'
        end as class_rule
    from codes
    left join ranked
        on codes.source_relation = ranked.source_relation
        and codes.sku = ranked.sku
        and ranked.rule_number = 1
)

select * from final
