{{ config(access='private') }}

{# What a creator brought without a sign on the order: of the customers who answered in a month,
   those who named her and had neither her code nor her link nor a marketplace's word, over the
   share of orders that answered. Each such order is worth what her orders with a sign were, or the
   shop's where she has none. The bounds are those of a count that came by chance: where her orders
   lose money, the low one is that of many. #}

with

orders as (
    select
        order_id,
        cast({{ dbt.date_trunc('month', 'order_date') }} as date) as month_date
    from {{ ref('fct_orders') }}
    where order_scope = 'dtc'
),

mentions as (
    select * from {{ ref('int_creator_mentions') }}
),

month_answers as (
    select
        orders.month_date,
        count(*) as order_count,
        count(mentions.order_id) as respondent_count
    from orders
    left join mentions
        on orders.order_id = mentions.order_id
    group by orders.month_date
),

signs as (
    select
        order_id,
        creator_id
    from {{ ref('fct_creator_evidence') }}
    where evidence_type <> 'survey'
    group by order_id, creator_id
),

uncoded as (
    select
        mentions.creator_id,
        orders.month_date,
        count(*) as mention_count
    from mentions
    inner join orders
        on mentions.order_id = orders.order_id
    left join signs
        on mentions.order_id = signs.order_id
        and mentions.creator_id = signs.creator_id
    where mentions.creator_id is not null and signs.order_id is null
    group by mentions.creator_id, orders.month_date
),

direct_orders as (
    select
        evidence.creator_id,
        evidence.order_id,
        max(evidence.credit_ratio) as credit_ratio,
        cast({{ dbt.date_trunc('month', 'min(evidence.order_date)') }} as date) as month_date
    from {{ ref('fct_creator_evidence') }} as evidence
    where evidence.evidence_type <> 'survey'
    group by evidence.creator_id, evidence.order_id
),

direct_counts as (
    select
        creator_id,
        month_date,
        sum(credit_ratio) as credited_order_count
    from direct_orders
    group by creator_id, month_date
),

direct_margins as (
    select
        creator_id,
        month_date,
        sum(cm2_amount) as cm2_amount
    from {{ ref('int_creator_line_margins') }}
    where evidence_type in ('marketplace', 'code', 'click')
    group by creator_id, month_date
),

shop_margins as (
    select
        cast({{ dbt.date_trunc('month', 'order_date') }} as date) as month_date,
        count(*) as order_count,
        sum(cm2_amount) as cm2_amount
    from {{ ref('fct_order_margin') }}
    where order_scope = 'dtc'
    group by cast({{ dbt.date_trunc('month', 'order_date') }} as date)
),

valued as (
    select
        uncoded.creator_id,
        uncoded.month_date,
        uncoded.mention_count,
        month_answers.order_count,
        month_answers.respondent_count,
        case
            when direct_counts.credited_order_count > 0 then direct_margins.cm2_amount
            else shop_margins.cm2_amount
        end as base_cm2_amount,
        case
            when direct_counts.credited_order_count > 0 then direct_counts.credited_order_count
            else shop_margins.order_count
        end as base_order_count,
        {{ var('threshold_interval_z') }} * sqrt(uncoded.mention_count) as half_width
    from uncoded
    inner join month_answers
        on uncoded.month_date = month_answers.month_date
    left join direct_counts
        on uncoded.creator_id = direct_counts.creator_id
        and uncoded.month_date = direct_counts.month_date
    left join direct_margins
        on uncoded.creator_id = direct_margins.creator_id
        and uncoded.month_date = direct_margins.month_date
    left join shop_margins
        on uncoded.month_date = shop_margins.month_date
),

bounds as (
    select
        *,
        cast(greatest(mention_count - half_width, 0) as decimal(18, 6)) as mention_low_count,
        cast(mention_count + half_width as decimal(18, 6)) as mention_high_count
    from valued
),

worth as (
    select
        *,
        cast({{ halo_amount('mention_low_count') }} as decimal(18, 4)) as cm2_of_fewest_amount,
        cast({{ halo_amount('mention_high_count') }} as decimal(18, 4)) as cm2_of_most_amount
    from bounds
),

final as (
    select
        creator_id,
        cast(order_count as {{ dbt.type_bigint() }}) as order_count,
        cast(respondent_count as {{ dbt.type_bigint() }}) as respondent_count,
        cast(mention_count as {{ dbt.type_bigint() }}) as mention_count,
        {{ halo_orders('mention_count') }} as halo_order_count,
        cast({{ halo_amount('mention_count') }} as decimal(18, 4)) as halo_cm2_amount,
        least(cm2_of_fewest_amount, cm2_of_most_amount) as halo_cm2_low_amount,
        greatest(cm2_of_fewest_amount, cm2_of_most_amount) as halo_cm2_high_amount,
        month_date
    from worth
)

select * from final
