{# What was observed of a customer: recency, frequency and margin, equal scores for equal values,
   and when her next purchase is due. #}

{# From how many gaps on her own rhythm says more than everybody's. #}
{%- set own_gap_minimum = 3 %}

with

as_of as (
    select
        as_of_at,
        {{ shop_date('as_of_at') }} as as_of_date
    from {{ ref('int_as_of') }}
),

windows as (
    select
        as_of_at,
        as_of_date,
        cast({{ dbt.dateadd('day', -365, 'as_of_date') }} as date) as year_after_date
    from as_of
),

purchase_days as (
    select * from {{ ref('int_purchase_days') }}
),

margin_entries as (
    select * from {{ ref('int_margin_entries') }}
),

gaps as (
    select * from {{ ref('int_purchase_gaps') }}
),

margins as (
    select
        margin_entries.customer_id,
        sum(margin_entries.cm2_amount) as cm2_365d_amount
    from margin_entries
    inner join windows
        on margin_entries.entry_date > windows.year_after_date
    group by margin_entries.customer_id
),

totals as (
    select
        purchase_days.customer_id,
        windows.as_of_at,
        windows.as_of_date,
        max(purchase_days.purchase_date) as last_purchase_date,
        sum(
            case when purchase_days.purchase_date > windows.year_after_date then 1 else 0 end
        ) as purchase_count_365d
    from purchase_days
    cross join windows
    group by purchase_days.customer_id, windows.as_of_at, windows.as_of_date
),

{# What she bought last: of several products the dearest. #}
last_products as (
    select
        purchases.customer_id,
        order_lines.sku,
        order_lines.product_type,
        row_number() over (
            partition by purchases.customer_id
            order by
                purchases.purchase_date desc,
                order_lines.gross_merchandise_sales_amount desc,
                order_lines.order_line_id asc
        ) as place
    from {{ ref('int_purchases') }} as purchases
    inner join {{ ref('fct_order_lines') }} as order_lines
        on purchases.order_id = order_lines.order_id
    where order_lines.sku is not null and not order_lines.is_gift_card
),

measured as (
    select
        totals.customer_id,
        totals.as_of_at,
        totals.as_of_date,
        totals.last_purchase_date,
        totals.purchase_count_365d,
        {{ dbt.datediff('totals.last_purchase_date', 'totals.as_of_date', 'day') }}
            as days_since_purchase,
        coalesce(margins.cm2_365d_amount, 0) as cm2_365d_amount,
        case
            when own_gaps.gap_count >= {{ own_gap_minimum }} then 'customer'
            when sku_gaps.gap_count >= {{ var('rhythm_gaps_minimum') }} then 'sku'
            when type_gaps.gap_count >= {{ var('rhythm_gaps_minimum') }} then 'product_type'
            when all_gaps.gap_count >= {{ var('rhythm_gaps_minimum') }} then 'all'
            else 'none'
        end as gap_origin,
        own_gaps.gap_count as own_gap_count,
        own_gaps.median_gap_days as own_gap_days,
        sku_gaps.gap_count as sku_gap_count,
        sku_gaps.median_gap_days as sku_gap_days,
        type_gaps.gap_count as type_gap_count,
        type_gaps.median_gap_days as type_gap_days,
        all_gaps.gap_count as all_gap_count,
        all_gaps.median_gap_days as all_gap_days
    from totals
    left join margins
        on totals.customer_id = margins.customer_id
    left join last_products
        on totals.customer_id = last_products.customer_id
        and last_products.place = 1
    left join gaps as own_gaps
        on own_gaps.gap_level = 'customer'
        and totals.customer_id = own_gaps.gap_key
    left join gaps as sku_gaps
        on sku_gaps.gap_level = 'sku'
        and last_products.sku = sku_gaps.gap_key
    left join gaps as type_gaps
        on type_gaps.gap_level = 'product_type'
        and last_products.product_type = type_gaps.gap_key
    left join gaps as all_gaps
        on all_gaps.gap_level = 'all'
),

due as (
    select
        *,
        case gap_origin
            when 'customer' then own_gap_days
            when 'sku' then sku_gap_days
            when 'product_type' then type_gap_days
            when 'all' then all_gap_days
        end as expected_gap_days,
        case gap_origin
            when 'customer' then own_gap_count
            when 'sku' then sku_gap_count
            when 'product_type' then type_gap_count
            when 'all' then all_gap_count
            else 0
        end as gap_evidence_count,
        percent_rank() over (order by days_since_purchase desc) as recency_rank,
        percent_rank() over (order by cm2_365d_amount asc) as margin_rank
    from measured
),

final as (
    select
        customer_id,
        cast(days_since_purchase as {{ dbt.type_bigint() }}) as days_since_purchase,
        cast(purchase_count_365d as {{ dbt.type_bigint() }}) as purchase_count_365d,
        cast(cm2_365d_amount as decimal(18, 4)) as cm2_365d_amount,
        cast(least(1 + floor(recency_rank * 5), 5) as {{ dbt.type_bigint() }}) as recency_score,
        cast(
            case
                when purchase_count_365d >= 6 then 5
                when purchase_count_365d >= 4 then 4
                else purchase_count_365d
            end as {{ dbt.type_bigint() }}
        ) as frequency_score,
        cast(least(1 + floor(margin_rank * 5), 5) as {{ dbt.type_bigint() }}) as margin_score,
        gap_origin,
        cast(gap_evidence_count as {{ dbt.type_bigint() }}) as gap_evidence_count,
        expected_gap_days,
        case
            when expected_gap_days > 0
                then cast(days_since_purchase / expected_gap_days as decimal(18, 6))
        end as overdue_ratio,
        last_purchase_date,
        case
            when expected_gap_days is not null
                then cast(
                    {{ dbt.dateadd(
                        'day', 'cast(floor(expected_gap_days) as integer)', 'last_purchase_date'
                    ) }} as date
                )
        end as next_purchase_date,
        as_of_at
    from due
)

select * from final
