{# A creator's month in one row, with what it says. Direct is what signs on orders show, with halo
   what a survey makes of it; between the bounds of the halo lies the truth, or not: the answer
   names both. A fee that waits for disclosure is no answer about margin and stands beside it. #}

with

products as (
    select
        creator_id,
        month_date,
        sum(net_sales_amount) as net_sales_amount,
        sum(cm2_amount) as cm2_amount,
        sum(halo_cm2_amount) as halo_cm2_amount,
        sum(commission_amount) as commission_amount,
        sum(fee_amount) as fee_amount,
        sum(rights_amount) as rights_amount,
        sum(seeding_amount) as seeding_amount,
        sum(whitelisting_spend_amount) as whitelisting_spend_amount,
        sum(cm3_direct_amount) as cm3_direct_amount,
        sum(cm3_full_amount) as cm3_full_amount,
        sum(cm3_with_halo_amount) as cm3_with_halo_amount,
        sum(break_even_fee_amount) as break_even_fee_amount,
        sum(unknown_cost_count) as unknown_cost_count
    from {{ ref('fct_creator_sku_months') }}
    group by creator_id, month_date
),

order_credits as (
    select
        creator_id,
        order_id,
        max(credit_ratio) as credit_ratio,
        cast({{ dbt.date_trunc('month', 'min(order_date)') }} as date) as month_date
    from {{ ref('fct_creator_evidence') }}
    where evidence_type <> 'survey'
    group by creator_id, order_id
),

paid_channels as (
    select channel
    from {{ ref('int_ad_spend_daily') }}
    group by channel
),

paid_orders as (
    select
        order_credits.order_id,
        sum(order_credits.credit_ratio) as paid_ratio
    from {{ ref('fct_order_credits') }} as order_credits
    inner join paid_channels
        on order_credits.channel = paid_channels.channel
    where order_credits.attribution_model = '{{ var("margin_attribution_model") }}'
    group by order_credits.order_id
),

credited as (
    select
        order_credits.creator_id,
        order_credits.month_date,
        sum(order_credits.credit_ratio) as credited_order_count,
        sum(order_credits.credit_ratio * coalesce(paid_orders.paid_ratio, 0)) as paid_order_count
    from order_credits
    left join paid_orders
        on order_credits.order_id = paid_orders.order_id
    group by order_credits.creator_id, order_credits.month_date
),

halos as (
    select * from {{ ref('int_creator_halos') }}
),

fees as (
    select
        creator_id,
        max(case fee_state
            when 'blocked' then 3
            when 'waits_for_review' then 2
            when 'waits_for_posts' then 1
            else 0
        end) as worst_state,
        sum(held_contract_amount) as held_contract_amount
    from {{ ref('fct_creator_fees') }}
    group by creator_id
),

joined as (
    select
        products.*,
        coalesce(credited.credited_order_count, 0) as credited_order_count,
        coalesce(credited.paid_order_count, 0) as paid_order_count,
        coalesce(halos.halo_order_count, 0) as halo_order_count,
        coalesce(halos.mention_count, 0) as mention_count,
        coalesce(halos.respondent_count, 0) as respondent_count,
        products.cm3_with_halo_amount - products.halo_cm2_amount
        + coalesce(halos.halo_cm2_low_amount, 0) as cm3_low_amount,
        products.cm3_with_halo_amount - products.halo_cm2_amount
        + coalesce(halos.halo_cm2_high_amount, 0) as cm3_high_amount,
        products.commission_amount + products.fee_amount + products.rights_amount
        + products.seeding_amount as cost_amount,
        case fees.worst_state
            when 3 then 'blocked'
            when 2 then 'waits_for_review'
            when 1 then 'waits_for_posts'
            when 0 then 'due'
            else 'no_fee'
        end as fee_state
    from products
    left join credited
        on products.creator_id = credited.creator_id
        and products.month_date = credited.month_date
    left join halos
        on products.creator_id = halos.creator_id
        and products.month_date = halos.month_date
    left join fees
        on products.creator_id = fees.creator_id
),

final as (
    select
        creator_id,
        case
            when unknown_cost_count > 0 then 'INSUFFICIENT_DATA'
            when credited_order_count + mention_count = 0 then 'INSUFFICIENT_DATA'
            when cm3_direct_amount >= 0 then 'KEEP'
            when cm3_high_amount < 0 then 'STOP'
            when break_even_fee_amount > 0 then 'RENEGOTIATE'
            else 'HOLD'
        end as decision,
        case
            when unknown_cost_count > 0 then 'cost of free goods is not known'
            when credited_order_count + mention_count = 0 then 'nothing shows that she sold'
            when cm3_direct_amount >= 0 then 'signs on orders alone pay for her'
            when cm3_high_amount < 0 then 'does not pay at the high end of the halo either'
            when break_even_fee_amount > 0
                then 'pays with halo or not: direct signs carry a lower fee'
            else 'pays with halo or not: direct signs carry no fee'
        end as decision_reason,
        case when halo_order_count > 0 then 'E2' else 'E1' end as evidence_level,
        'pending' as approval_status,
        fee_state,
        cast(credited_order_count as decimal(18, 6)) as credited_order_count,
        cast(halo_order_count as decimal(18, 6)) as halo_order_count,
        cast(mention_count as {{ dbt.type_bigint() }}) as mention_count,
        cast(respondent_count as {{ dbt.type_bigint() }}) as respondent_count,
        cast(net_sales_amount as decimal(18, 4)) as net_sales_amount,
        cast(cm2_amount as decimal(18, 4)) as cm2_amount,
        cast(halo_cm2_amount as decimal(18, 4)) as halo_cm2_amount,
        cast(commission_amount as decimal(18, 4)) as commission_amount,
        cast(fee_amount as decimal(18, 4)) as fee_amount,
        cast(rights_amount as decimal(18, 4)) as rights_amount,
        cast(seeding_amount as decimal(18, 4)) as seeding_amount,
        cast(whitelisting_spend_amount as decimal(18, 4)) as whitelisting_spend_amount,
        cast(cm3_direct_amount as decimal(18, 4)) as cm3_direct_amount,
        cast(cm3_full_amount as decimal(18, 4)) as cm3_full_amount,
        cast(cm3_with_halo_amount as decimal(18, 4)) as cm3_with_halo_amount,
        cast(cm3_low_amount as decimal(18, 4)) as cm3_with_halo_low_amount,
        cast(cm3_high_amount as decimal(18, 4)) as cm3_with_halo_high_amount,
        cast(break_even_fee_amount as decimal(18, 4)) as break_even_fee_amount,
        {{ amount_per('cost_amount', 'cast(credited_order_count as decimal(18, 6))') }}
            as cost_per_order_amount,
        case
            when credited_order_count > 0
                then cast(
                    {{ ratio_half_even(
                        'paid_order_count * 1000000',
                        'cast(credited_order_count * 1000000 as bigint)'
                    ) }} as decimal(9, 6)
                )
        end as overlap_with_paid_ratio,
        month_date
    from joined
)

select * from final
