{# A refund whose order is not there has no line to stand on: it counts on its own day, for the
   product and the customer that it names, as direct business. What its goods had cost is not
   known, so nothing of it comes back. #}

with

refund_lines as (
    select * from {{ ref('int_refund_lines') }}
    where order_id is null
),

entries as (
    select
        *,
        'refund_line:' || refund_line_id as source_row,
        case when refund_kind = 'shipping' then 'shipping_refund' else 'merchandise_refund' end
            as cost_type
    from refund_lines
    where refund_shop_amount <> 0 or refund_amount <> 0
),

final as (
    select
        refund_line_id,
        customer_id,
        source_relation,
        sku,
        source_row,
        cost_type,
        currency,
        cast(-refund_shop_amount as decimal(18, 4)) as shop_amount,
        cast(
            case when cost_type = 'merchandise_refund' then refund_amount else 0 end
            as decimal(18, 4)
        ) as refund_amount,
        cast(
            case when cost_type = 'merchandise_refund' then -refund_amount else 0 end
            as decimal(18, 4)
        ) as cm1_amount,
        cast(-refund_amount as decimal(18, 4)) as cm2_amount,
        refund_date,
        refunded_at
    from entries
)

select * from final
